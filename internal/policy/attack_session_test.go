package policy

import (
	"fmt"
	"testing"
)

// TestAttack19_SessionPolicyOnlyNarrows: a session policy never turns a denied request into an allowed one. Only a
// resource policy that names the caller or everybody allows what the session policy does not.
func TestAttack19_SessionPolicyOnlyNarrows(t *testing.T) {
	var c corpus
	load(t, "testdata/decisions.json", &c)
	sessions := [][]*Document{
		{}, {parse(t, Session, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)},
		{DataAccess("lake", "p/", false, "READ", false)}, {DataAccess("lake", "", false, "READWRITE", false)},
		{DataAccess("lake", "x", true, "WRITE", true)}, {DataAccess("", "", false, "READWRITE", false)},
		{DataAccess("lake", "x", true, "NONE", true)},
	}
	eachCase(t, c, func(t *testing.T, r Request, p Policies) {
		p.Session, p.HasSession = nil, false
		without := Evaluate(r, p)
		for i, s := range sessions {
			q := p
			q.Session, q.HasSession = s, true
			with := Evaluate(r, q)
			if with.Allowed && !without.Allowed {
				t.Errorf("session %d allows what was denied: %s", i, with.Explain())
			}
			alone := Evaluate(r, Policies{Identity: []*Document{allowAll(t)}, Session: s, HasSession: true})
			named := with.Layer == LayerResource &&
				q.Resource[with.Index].statements[with.Statement-1].names(&r.Principal) == formDirect
			if with.Allowed && !alone.Allowed && r.Principal.Account == r.ResourceAccount && !named {
				t.Errorf("session %d does not allow it and yet it is allowed: %s", i, with.Explain())
			}
		}
	})
}

func TestAttack19_AVendedSessionMayNotVend(t *testing.T) {
	p := within(t, DataAccess("lake", "", false, "READWRITE", false))
	for _, action := range []string{
		"s3:GetDataAccess", "sts:AssumeRole", "sts:GetSessionToken", "iam:CreateAccessKey", "s3:CreateAccessGrant",
		"s3:PutBucketPolicy", "s3:PutObjectTagging", "s3:GetObjectTagging",
		"s3:PutObjectRetention", "s3:GetBucketLocation", "s3:ListAllMyBuckets",
	} {
		for _, resource := range []string{
			"*", "arn:aws:s3:::lake", "arn:aws:s3:::lake/x", "arn:aws:s3:us-east-1:111122223333:access-grants/default",
		} {
			r := Request{Principal: reader, Action: action, Resource: resource, ResourceAccount: reader.Account}
			if got := Evaluate(r, p); got.Allowed || got.Missing != LayerSession {
				t.Errorf("%s on %s: %s", action, resource, got.Explain())
			}
		}
	}
}

// TestAttack33_TheContextCannotPoseAsThePrincipal sets every key that is derived from the principal in the context.
func TestAttack33_TheContextCannotPoseAsThePrincipal(t *testing.T) {
	for key, forged := range map[string]string{
		"aws:PrincipalArn":     "arn:aws:iam::111122223333:role/admin",
		"aws:PrincipalAccount": "999999999999", "aws:PrincipalType": "Account",
		"aws:userid": "AIDAADMIN", "aws:username": "admin", "aws:PrincipalIsAWSService": "true",
		"aws:PrincipalServiceName": "access-grants.s3.amazonaws.com",
		"aws:FederatedProvider":    "arn:aws:iam::111122223333:oidc-provider/x",
		"aws:ResourceAccount":      "999999999999",
		"aws:ViaAWSService":        "true", "aws:ViaAWSMCPService": "true",
		"aws:PrincipalServiceNamesList": "access-grants.s3.amazonaws.com",
	} {
		t.Run("denied with a forged "+key, func(t *testing.T) {
			d := parse(t, Identity,
				fmt.Sprintf(`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{%q:%q}}}}`,
					key, forged))
			r := objectRequest("s3:GetObject", "x")
			r.Context.Set(key, forged)
			if got := Evaluate(r, Policies{Identity: []*Document{d}}); got.Allowed {
				t.Errorf("allowed: %s", got.Explain())
			}
		})
	}
}
