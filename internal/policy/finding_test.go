package policy

import (
	"slices"
	"strings"
	"testing"
)

func TestFindings(t *testing.T) {
	const text = `{"Version":"2012-10-17","Statement":[
	 {"Sid":"Typo","Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:SorceIp":"x"}}},
	 {"Effect":"Allow","Action":["s3:GetObject","s3:ListObjects"],"Resource":"arn:aws:s3:::lake/${aws:usrname}/*"},
	 {"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}}},
	 {"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"Bool":{"ec2:Vpc":"true"}}},
	 {"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpce":"x"}}},
	 {"Effect":"Allow","Action":"s3:*","Resource":"*",
	  "Condition":{"StringEquals":{"aws:username":"x","idp.example:sub":"y"}}}
	]}`
	want := []string{
		"holds statement 1 (Typo): aws:SorceIp: AWS documents no such condition key: the Deny holds",
		"void statement 2: aws:usrname: AWS documents no such condition key: the Allow allows nothing",
		"no match statement 2: s3:ListObjects: S3 has no such action",
		"absent statement 3: aws:PrincipalOrgID: no request has this key (there are no organizations), so the condition is " +
			"always fulfilled",
		"absent statement 4: ec2:Vpc: no request has this key (it belongs to another service), so the condition is never " +
			"fulfilled and the Deny never applies",
		"absent statement 5: aws:SourceVpce: no request has this key (there are no VPC endpoints), so the condition is " +
			"never fulfilled and the Allow allows nothing",
	}
	var got []string
	for _, f := range parse(t, Identity, text).Findings("") {
		got = append(got, f.Kind.String()+" "+f.String())
		if f.Kind.Serious() != (f.Kind == Holds || f.Kind == Void) {
			t.Errorf("%s is serious: %t", f.Kind, f.Kind.Serious())
		}
	}
	if !slices.EqualFunc(got, want, strings.HasPrefix) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

// TestFindingsOfResourcePolicies: a stored policy that would be refused is found, for each attachment.
func TestFindingsOfResourcePolicies(t *testing.T) {
	text := bucketPolicy(`["s3:PutObject","kms:Decrypt"]`, `"arn:aws:s3:::lake"`, `{"StringEquals":{"aws:SorceIp":"x"}}`)
	d := parse(t, Resource, text)
	for arn, want := range map[string][]string{
		bucketARN: {"refused kms:Decrypt", "refused aws:SorceIp", "holds aws:SorceIp"},
		"arn:aws:s3:us-east-1:111122223333:access-grants/default": {
			"refused kms:Decrypt", "refused arn:aws:s3:::lake", "refused aws:SorceIp", "holds aws:SorceIp",
		},
		"arn:aws:sso::111122223333:application/x": {"refused aws:SorceIp", "holds aws:SorceIp"},
	} {
		var got []string
		for _, f := range d.Findings(arn) {
			got = append(got, f.Kind.String()+" "+f.Subject)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q", arn, got)
		}
	}
}
