package policy

import (
	"slices"
	"strings"
	"testing"
)

func parse(t testing.TB, k Kind, text string) *Document {
	t.Helper()
	d, err := Parse(text, k)
	if err != nil {
		t.Fatalf("parse: %v\n%s", err, text)
	}
	return d
}

func TestValuesAreSetReadAndCopiedWithoutRegardToCase(t *testing.T) {
	var v Values
	v.Set("S3:Prefix", "a")
	v.Set("s3:prefix", "b", "c")
	w := v.Clone()
	w.Set("s3:PREFIX", "d")
	w.Set("s3:delimiter", "/")
	if got := v.Get("s3:prefiX"); !slices.Equal(got, []string{"b", "c"}) {
		t.Errorf("got %q", got)
	}
	if v.Get("s3:delimiter") != nil || !slices.Equal(w.Get("s3:prefix"), []string{"d"}) {
		t.Error("the copy is not its own")
	}
}

func TestDocumentsAreNamedWithoutChanging(t *testing.T) {
	d := allowAll(t)
	n := d.Named("arn:aws:iam::111122223333:policy/p")
	if d.Name() != "allow-all" || n.Name() != "arn:aws:iam::111122223333:policy/p" ||
		n.String() != d.String() || n.Version() != Version2008 {
		t.Errorf("%q, %q", d.Name(), n.Name())
	}
}

func TestKeysThatFollowFromThePrincipal(t *testing.T) {
	for who, want := range map[string]map[string]string{
		"root": {
			"aws:PrincipalType": "Account", "aws:userid": "111122223333",
			"aws:PrincipalArn": "arn:aws:iam::111122223333:root", "aws:username": "",
		},
		"alice": {
			"aws:PrincipalType": "User", "aws:userid": alice.ID, "aws:username": "alice",
			"aws:ViaAWSService": "false", "aws:ViaAWSMCPService": "false", "aws:PrincipalServiceNamesList": "",
		},
		"reader": {
			"aws:PrincipalType":     "AssumedRole",
			"aws:userid":            reader.ID + ":s1",
			"aws:PrincipalArn":      reader.ARN,
			"aws:username":          "",
			"aws:FederatedProvider": "",
		},
		"service": {
			"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": "access-grants.s3.amazonaws.com",
			"aws:PrincipalServiceNamesList": "access-grants.s3.amazonaws.com",
			"aws:PrincipalAccount":          "", "aws:PrincipalArn": "",
		},
		"web": {
			"aws:FederatedProvider":     "arn:aws:iam::111122223333:oidc-provider/idp.example.org/x",
			"aws:PrincipalIsAWSService": "false",
		},
		"anonymous": {
			"aws:PrincipalType": "Anonymous", "aws:userid": "anonymous",
			"aws:PrincipalAccount": "anonymous", "aws:PrincipalServiceName": "", "aws:PrincipalIsAWSService": "",
			"aws:ViaAWSService": "false",
		},
	} {
		for key, value := range want {
			e := evaluation{req: &Request{Principal: principals[who]}}
			if got, ok := e.single(strings.ToLower(key)); got != value || ok != (value != "") {
				t.Errorf("%s of %s is %q, want %q", key, who, got, value)
			}
		}
	}
}
