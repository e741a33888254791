package policy

import (
	"slices"
	"strings"
	"testing"
)

func TestTheTablesAreReadable(t *testing.T) {
	if _, err := parseKeys(keyTable); err != nil {
		t.Error(err)
	}
	all, err := parseActions(actionTable)
	if err != nil || len(all) < 180 {
		t.Errorf("%d actions, %v", len(all), err)
	}
	for table, why := range map[string]string{
		"aws:a | String | never":                       "four columns",
		"aws:a | String | seldom | x":                  "when the key is present",
		"aws:a | Bool | never | x\nAWS:A | B | x | y":  "present",
		"aws:a | B | never | x\nAWS:A | B | never | y": "twice",
	} {
		if _, err := parseKeys(table); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v, want an error with %q", table, err, why)
		}
	}
	for table, why := range map[string]string{"A | bucket": "three columns", "A | bucket | nokey": "s3:nokey"} {
		if _, err := parseActions(table); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v, want an error with %q", table, err, why)
		}
	}
}

func TestKeysAreFoundRegardlessOfCase(t *testing.T) {
	for name, want := range map[string]string{
		"AWS:SOURCEIP":                            "aws:SourceIp",
		"aws:PrincipalTag/Cost Unit":              "aws:PrincipalTag/",
		"s3:versionid":                            "s3:VersionId",
		"sts:RequestContext/identitystore:UserId": "sts:RequestContext/",
		"aws:PrincipalTag":                        "",
		"aws:PrincipalTag/":                       "",
		"aws:SourceIp/x":                          "",
		"aws:SorceIp":                             "",
		"ec2:ResourceTag/x":                       "",
	} {
		if k, ok := KeyNamed(name); k.Name != want || ok != (want != "") {
			t.Errorf("%s is the key %q, want %q", name, k.Name, want)
		}
	}
}

func TestWhichKeysAreUndocumented(t *testing.T) {
	for key, want := range map[string]bool{
		"aws:sorceip": true, "s3:nokey": true, "sts:x": true, "iam:passedto": true, "aws:principaltag": true,
		"aws:sourceip": false, "aws:principalorgid": false, "aws:viaawsservice": false, "s3:existingobjecttag/a": false,
		"ec2:vpc": false, "kms:viaservice": false, "ec2:resourcetag/cost unit": false, "s3express:sessionmode": false,
		"idp.example.org/realms/x:aud": false, "localhost/x:sub": false, "saml:sub": false,
		" aws:sourceip": true, "aws :sourceip": true, "aws: sourceip": true, "-ec2:vpc": true, "e(c2:vpc": true,
		"ec2: vpc": true,
	} {
		if got := undocumented(key); got != want {
			t.Errorf("%q: undocumented is %t", key, got)
		}
	}
}

// TestManagedPoliciesHaveDocumentedKeys holds AWS's own policies against the registry: each of their keys is known.
func TestManagedPoliciesHaveDocumentedKeys(t *testing.T) {
	for _, m := range managed() {
		for i := range m.Document.statements {
			if key := m.Document.statements[i].undocumented(); key != "" {
				t.Errorf("%s has the key %s", m.Name, key)
			}
		}
	}
}

// derivedKeys are the keys that this package reads from the principal and the request.
var derivedKeys = []string{
	"aws:PrincipalArn", "aws:PrincipalAccount", "aws:PrincipalType", "aws:userid", "aws:username",
	"aws:PrincipalIsAWSService", "aws:PrincipalServiceName", "aws:PrincipalServiceNamesList", "aws:FederatedProvider",
	"aws:ResourceAccount", "aws:ViaAWSService", "aws:ViaAWSMCPService",
}

func TestDerivedKeysAreAsTheRegistrySays(t *testing.T) {
	for _, k := range ConditionKeys() {
		derived := slices.Contains(derivedKeys, k.Name)
		present, tried := 0, 0
		for _, p := range principals {
			tried++
			e := evaluation{req: &Request{Principal: p}}
			if tried%2 == 0 {
				e.req.ResourceAccount = "111122223333"
			}
			v, ok := e.derived(strings.ToLower(k.Name))
			if ok != derived {
				t.Fatalf("%s is derived: %t", k.Name, ok)
			}
			if v != "" {
				present++
			}
		}
		switch {
		case !derived:
		case k.Presence == Never, present == 0, (k.Presence == Always) != (present == tried):
			t.Errorf("%s is %s present, and is so for %d of %d principals", k.Name, k.Presence, present, tried)
		}
	}
}
