package leavingtest

import "latchkey/internal/fault"

var grantRows = []Row{
	{
		What: "the grant is deleted", Way: byUser, Reason: fault.GrantDeleted,
		Change: func(s *Stage) { s.dropGrant("grant") },
		Again:  func(s *Stage) { s.grant("grant", "IAM", s.arn("user/alice"), "data/*") },
	},
	{
		What: "the grant of a group is deleted", Way: byPerson, Reason: fault.GrantDeleted,
		Change: func(s *Stage) { s.dropGrant("grant") },
		Again:  func(s *Stage) { s.grant("grant", "DIRECTORY_GROUP", s.id("team"), "data/*") },
		Spare:  spareSession,
	},
	{
		What: "the grant is deleted while a wider one remains", Way: byUser, Reason: fault.GrantDeleted,
		Before: func(s *Stage) { s.grant("wider", "IAM", s.arn("user/alice"), "*") },
		Change: func(s *Stage) { s.dropGrant("grant") }, New: true,
	},
	{
		What: "the location is deleted", Way: byUser, Reason: fault.LocationDeleted,
		Change: func(s *Stage) { s.deleteLocation() },
		Again: func(s *Stage) {
			s.locate("location")
			s.grant("grant", "IAM", s.arn("user/alice"), "data/*")
		},
	},
	{
		What: "the location is moved to another role", Way: byUser, Reason: fault.LocationRoleChanged,
		Change: func(s *Stage) { s.moveLocation("location2") },
		Again:  func(s *Stage) { s.moveLocation("location") },
	},
	{
		What: "the Access Grants instance is deleted", Way: byUser, Reason: fault.GrantsInstanceDeleted,
		Change: func(s *Stage) { s.deleteLocation(); s.control("DELETE", "", "") },
		Again: func(s *Stage) {
			s.control("POST", "", "")
			s.locate("location")
			s.grant("grant", "IAM", s.arn("user/alice"), "data/*")
		},
	},
}

func (s *Stage) deleteLocation() {
	s.t.Helper()
	s.dropGrant("grant")
	s.control("DELETE", "/location/"+s.id("location"), "")
}

// locationTrust is the trust of a location's role for some actions only.
func locationTrust(actions ...string) string {
	all := make([]string, len(actions))
	for i, a := range actions {
		all[i] = `"Effect":"Allow",` + service + `,"Action":"` + a + `"`
	}
	return trusting(all...)
}

// trustsAgain restores the trust of the location's role.
func trustsAgain(s *Stage) { s.trust("location", trustService) }

var locationRoleRows = []Row{
	{
		What: "the role of the location does not trust the service any more", Way: byUser,
		Reason: fault.LocationRoleNotTrusting, Live: true, Again: trustsAgain,
		Change: func(s *Stage) { s.trust("location", s.trusts("root")) },
	},
	{
		What: "`sts:SetContext` is removed from the trust of the location's role", Way: byPerson,
		Reason: fault.LocationRoleNotTrusting, Live: true, Again: trustsAgain,
		Change: func(s *Stage) { s.trust("location", locationTrust("sts:AssumeRole", "sts:SetSourceIdentity")) },
	},
	{
		What: "`sts:SetSourceIdentity` is removed from the trust of the location's role", Way: bySourceIdentity,
		Reason: fault.LocationRoleNotTrusting, Live: true, Again: trustsAgain,
		Change: func(s *Stage) { s.trust("location", locationTrust("sts:AssumeRole", "sts:SetContext")) },
	},
	{
		What: "the policy of the location's role is narrowed", Way: byUser, Live: true,
		Reason: fault.IdentityPolicyDenies,
		Change: func(s *Stage) {
			s.policy("role/location", statement+`{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*"}]}`)
		},
		Again: func(s *Stage) { s.policy("role/location", allowAll) },
	},
	{
		What: "the sessions of the location's role are revoked (a Deny on `aws:TokenIssueTime`)", Way: byUser,
		Reason: fault.IdentityPolicyDenies, New: true,
		Change: func(s *Stage) { s.revoke("location") },
	},
	{
		What: "the role of the location is deleted", Way: byUser, Reason: fault.PrincipalDeleted,
		Change: func(s *Stage) { s.deleteRole("location") },
		Again: func(s *Stage) {
			s.role("location", trustService, allowAll)
			s.moveLocation("location")
		},
	},
}

var bucketRows = []Row{
	{
		What: "the bucket's policy denies it", Way: byUser, Live: true,
		Reason: fault.ResourcePolicyDenies,
		Change: func(s *Stage) {
			s.put("/"+s.bucket+"?policy", statement+`{"Effect":"Deny","Principal":"*","Action":"s3:GetObject",`+
				`"Resource":"arn:aws:s3:::`+s.bucket+`/*"}]}`)
		},
		Again: func(s *Stage) { s.del("/" + s.bucket + "?policy") },
	},
	{
		What: "the bucket is deleted, and made anew under its name", Way: byUser, Reason: fault.BucketDeleted, New: true,
		Change: func(s *Stage) {
			s.del("/" + s.bucket + "/" + key)
			s.del("/" + s.bucket)
			s.put("/"+s.bucket, "")
			s.put("/"+s.bucket+"/"+key, "content")
		},
	},
}
