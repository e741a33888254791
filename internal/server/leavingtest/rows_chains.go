package leavingtest

import "latchkey/internal/fault"

// beginningRows are what happens at the beginning of a chain of roles: alice assumes first.
func beginningRows(way Way) []Row {
	return []Row{
		{
			What: "the first role of a chain is deleted", Way: way, Reason: fault.PrincipalDeleted,
			Change: func(s *Stage) { s.deleteRole("first") },
			Again:  func(s *Stage) { s.role("first", s.trusts("root"), allowAll) },
		},
		{
			What: "the right to assume the first role is taken from the beginning of a chain", Way: way,
			Reason: fault.RoleNotTrusting, Live: true,
			Change: func(s *Stage) { s.policy("user/alice", withoutAssuming) },
			Again:  func(s *Stage) { s.policy("user/alice", allowAll) },
		},
		{
			What: "the key at the beginning of a chain is made inactive", Way: way, Reason: fault.AccessKeyInactive,
			Change: func(s *Stage) { s.keyStatus("alice", "Inactive") },
			Again:  func(s *Stage) { s.keyStatus("alice", "Active") },
		},
	}
}

// chainRows: alice assumes first, first assumes middle, middle assumes last.
var chainRows = append(beginningRows(byChain), []Row{
	{
		What: "the middle role of a chain is deleted", Way: byChain, Reason: fault.PrincipalDeleted,
		Change: func(s *Stage) { s.deleteRole("middle") },
		Again:  func(s *Stage) { s.role("middle", s.trusts("root"), allowAll) },
	},
	{
		What: "the last role of a chain is deleted", Way: byChain, Reason: fault.GranteeDeleted,
		Change: func(s *Stage) { s.deleteRole("last") },
		Again: func(s *Stage) {
			s.role("last", s.trusts("root"), allowAll)
			s.grant("grant2", "IAM", s.arn("role/last"), "data/*")
		},
	},
	{
		What: "the middle role of a chain is deleted, and made anew", Way: byChain, Reason: fault.PrincipalDeleted,
		Change: func(s *Stage) {
			s.deleteRole("middle")
			s.role("middle", s.trusts("root"), allowAll)
		}, New: true,
	},
	{
		What: "the right to assume the next role is taken from the middle of a chain", Way: byChain,
		Reason: fault.RoleNotTrusting, Live: true,
		Change: func(s *Stage) { s.policy("role/middle", withoutAssuming) },
		Again:  func(s *Stage) { s.policy("role/middle", allowAll) },
	},
	{
		What: "the middle role of a chain does not trust the first one any more", Way: byChain,
		Reason: fault.RoleNotTrusting, Live: true,
		Change: func(s *Stage) { s.trust("middle", s.trusts("user/alice")) },
		Again:  func(s *Stage) { s.trust("middle", s.trusts("root")) },
	},
	{
		What: "the older sessions of the first role of a chain are revoked (a Deny on `aws:TokenIssueTime`)", Way: byChain,
		Reason: fault.RoleNotTrusting, New: true, Change: func(s *Stage) { s.revoke("first") },
	},
	{
		What: "the user at the beginning of a chain is deleted", Way: byChain, Reason: fault.AccessKeyInactive,
		Change: func(s *Stage) { s.deleteUser("alice") },
		Again:  func(s *Stage) { s.user("alice", allowAll) },
	},
}...)

const withoutAssuming = statement + `{"Effect":"Allow","NotAction":"sts:AssumeRole","Resource":"*"}]}`
