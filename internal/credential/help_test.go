package credential

import (
	"testing"
	"time"
)

// fixedKey is a key that is the same in every run.
func fixedKey(n byte) Key {
	var root [keySize]byte
	for i := range root {
		root[i] = n + byte(i)
	}
	return newKey(root)
}

func ringOf(t testing.TB, keys ...Key) *Ring {
	t.Helper()
	r, err := NewRing(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func issued() time.Time { return time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC) }

func assumed() Session {
	return Session{
		ID: SessionID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, Kind: AssumedRole, Account: "111122223333",
		PrincipalID: "AROAEXAMPLEROLEID0001", Name: "alice", SourceIdentity: "alice@example.org",
		Policies: []string{
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`,
		},
		PolicyARNs: []string{"arn:aws:iam::111122223333:policy/readers"},
		Tags:       map[string]string{"team": "finance", "cost-centre": "42"}, TransitiveTagKeys: []string{"team"},
		Issued: issued(), Expires: issued().Add(time.Hour),
		ParentKey: "AKIAEXAMPLEKEY000001", ParentPrincipalID: "AIDAEXAMPLEUSERID0001",
	}
}

func delegation() Delegation {
	return Delegation{
		IdentityStoreID: "d-1234567890", UserID: "44c854b8-60a1-70f5-9c3a-000000000001",
		ApplicationARN: "arn:aws:sso::111122223333:application/ssoins-1/apl-1", CredentialID: "cred-1",
		IdentityCenterInstance: "arn:aws:sso:::instance/ssoins-1",
		OriginARN:              "arn:aws:sso::111122223333:application/ssoins-1/apl-2",
		IssuerARN:              "arn:aws:sso::111122223333:trustedTokenIssuer/ssoins-1/tti-1",
		Scopes:                 "openid s3:access_grants:read_write",
	}
}

func vended() Session {
	return Session{
		ID: SessionID{0xff, 1}, Kind: Vended, Account: "111122223333", Region: "us-east-1",
		PrincipalID: "AROAEXAMPLEROLEID0002", Name: "access-grants-1b4d1f0a",
		Issued: issued(), Expires: issued().Add(time.Hour),
		ParentKey: "AKIAEXAMPLEKEY000001", ParentPrincipalID: "AIDAEXAMPLEUSERID0001", Chained: true,
		GrantID: "6d1a4fcb-0a14-4a06-9c2f-3b1b5d1c8f70", LocationID: "a3d9f8c2-77a1-4a3a-8f42-5d2b1f0e9c11",
		InstanceID: "default", Scope: "s3://lake/finance/*", Permission: "READ",
		GranteeType: "DIRECTORY_GROUP", GranteeID: "83d43802-00b1-7054-db02-f1d683aacba5",
		CallerPrincipalID: "AROAEXAMPLEROLEID0003", CallerSessionID: SessionID{9, 9, 9}, ObjectOnly: true,
		Delegation: delegation(),
	}
}

func mint(t testing.TB, r *Ring, s Session) Credentials {
	t.Helper()
	c, err := r.Mint(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
