package policy

import (
	"fmt"
	"strings"
	"testing"
)

// operators46 are a condition of every operator that can be written on any key.
var operators46 = map[string]string{
	"StringEquals": "x", "StringNotEquals": "x", "StringLike": "*", "StringEqualsIfExists": "x", "Bool": "true",
	"BoolIfExists": "false", "NumericLessThan": "3", "DateGreaterThan": "2026-01-01", "IpAddress": "10.0.0.0/8",
	"NotIpAddress": "10.0.0.0/8", "ArnLike": "arn:aws:iam::111122223333:user/*", "Null": "false",
	"ForAllValues:StringEquals": "x", "ForAnyValue:StringEquals": "x", "ForAnyValue:StringNotLike": "x",
}

func statement46(effect, operator, key, value string) string {
	return fmt.Sprintf(`{"Effect":%q,"Action":"s3:*","Resource":"*","Condition":{%q:{%q:%q}}}`, effect, operator, key,
		value)
}

func allowing46(t *testing.T, more string) Policies {
	t.Helper()
	return Policies{Identity: []*Document{parse(t, Identity,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},`+more+`]}`)}}
}

// TestAttack46_ADenyOnAMisspeltKeyHolds: whatever the operator, and whatever the case of the key.
func TestAttack46_ADenyOnAMisspeltKeyHolds(t *testing.T) {
	r := objectRequest("s3:GetObject", "x")
	for _, key := range []string{
		"aws:SorceIp", "AWS:SORCEIP", "s3:nokey", "s3:prefx", "sts:ExternlId", "iam:PassedTo", "aws:PrincipalTag",
		"aws:PrincipleTag/team", "aws :SourceIp",
	} {
		for operator, value := range operators46 {
			got := Evaluate(r, allowing46(t, statement46("Deny", operator, key, value)))
			if got.Effect != ExplicitDeny || got.UnknownKey != key || !strings.Contains(got.Explain(), key) {
				t.Errorf("%s of %s: %s", operator, key, got.Explain())
			}
		}
	}
	t.Run("with the rest of the statement", func(t *testing.T) {
		p := allowing46(t, `{"Effect":"Deny","Action":"s3:PutObject","Resource":"*",
			"Condition":{"StringEquals":{"aws:SorceIp":"x"}}}`)
		if got := Evaluate(r, p); !got.Allowed {
			t.Errorf("another action: %s", got.Explain())
		}
		p = allowing46(t, `{"Effect":"Deny","Action":"s3:*","Resource":"*",
			"Condition":{"StringEquals":{"aws:SorceIp":"x","aws:PrincipalAccount":"999999999999"}}}`)
		if got := Evaluate(r, p); !got.Allowed {
			t.Errorf("another condition that is not fulfilled: %s", got.Explain())
		}
	})
}

// TestAttack46_AnAllowOnAMisspeltKeyAllowsNothing is the other side: a negated operator on a key that is never there
// would allow everybody.
func TestAttack46_AnAllowOnAMisspeltKeyAllowsNothing(t *testing.T) {
	r := objectRequest("s3:GetObject", "x")
	for operator, value := range operators46 {
		d := parse(t, Identity, `{"Statement":`+statement46("Allow", operator, "aws:SorceIp", value)+`}`)
		if got := Evaluate(r, Policies{Identity: []*Document{d}}); got.Allowed {
			t.Errorf("%s: %s", operator, got.Explain())
		}
	}
}

// TestAttack46_KnownKeysAreAbsent: policies of a landing zone work unedited. AWS's operator rules for a missing key
// decide.
func TestAttack46_KnownKeysAreAbsent(t *testing.T) {
	r := objectRequest("s3:GetObject", "x")
	for _, key := range []string{
		"aws:PrincipalOrgID", "aws:SourceVpce", "aws:CalledViaFirst", "ec2:SourceInstanceArn", "kms:ViaService",
		"ec2:ResourceTag/team", "s3:ExistingObjectTag/class", "token.actions.githubusercontent.com:sub", "awz:SourceIp",
	} {
		for operator, denied := range map[string]bool{
			"StringEquals": false, "StringNotEquals": true, "StringEqualsIfExists": true, "StringNotEqualsIfExists": true,
			"ForAllValues:StringEquals": true, "ForAnyValue:StringEquals": false, "ArnLike": false,
		} {
			value := "arn:aws:iam::111122223333:user/x"
			got := Evaluate(r, allowing46(t, statement46("Deny", operator, key, value)))
			if got.Allowed == denied || got.UnknownKey != "" {
				t.Errorf("%s of %s: %s", operator, key, got.Explain())
			}
		}
		if got := Evaluate(r, allowing46(t, statement46("Deny", "Null", key, "true"))); got.Allowed {
			t.Errorf("Null of %s: %s", key, got.Explain())
		}
	}
	t.Run("a region guard that exempts services", func(t *testing.T) {
		p := allowing46(t, `{"Effect":"Deny","NotAction":["iam:*","sts:*"],"Resource":"*","Condition":{
			"StringNotEquals":{"aws:RequestedRegion":["eu-west-1"]},"Bool":{"aws:ViaAWSService":"false"},
			"ArnNotLike":{"aws:PrincipalARN":"arn:aws:iam::*:role/AWSControlTowerExecution"}}}`)
		for region, allowed := range map[string]bool{"eu-west-1": true, "us-east-1": false} {
			q := r
			q.Context = Values{}
			q.Context.Set("aws:RequestedRegion", region)
			if got := Evaluate(q, p); got.Allowed != allowed {
				t.Errorf("%s: %s", region, got.Explain())
			}
		}
	})
}

// TestAttack46_MisspeltVariables: a policy variable names a condition key, too.
func TestAttack46_MisspeltVariables(t *testing.T) {
	const mine, theirs = "home/alice/x", "home/bob/x"
	for text, want := range map[string][2]bool{ // whether alice may read hers, and bob's
		`{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::lake/home/${aws:usrname}/*"}`:             {false, false},
		`{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::lake/home/${aws:usrname, 'bob'}/*"}`:      {false, false},
		`{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::lake/other/${aws:usrname}/*"}`:            {true, true},
		`{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::lake/home/${aws:username}/*"}`:            {false, true},
		`{"Effect":"Deny","Action":"s3:*","NotResource":"arn:aws:s3:::lake/home/${aws:usrname, 'alice'}/*"}`: {false, false},
		`{"Effect":"Deny","Action":"s3:*","NotResource":"arn:aws:s3:::lake/home/${aws:username}/*"}`:         {true, false},
		statement46("Deny", "StringEquals", "aws:PrincipalType", "${aws:usrname}"):                           {false, false},
		statement46("Deny", "StringLike", "aws:PrincipalType", "${aws:usrname, 'x'}*"):                       {false, false},
		statement46("Deny", "ArnLike", "aws:PrincipalArn", "arn:aws:iam::111122223333:user/${s3:nokey}"):     {false, false},
		statement46("Deny", "StringEquals", "aws:PrincipalType", "${aws:SourceVpc}"):                         {true, true},
	} {
		p := allowing46(t, text)
		for i, key := range []string{mine, theirs} {
			r := objectRequest("s3:GetObject", key)
			r.Principal = alice
			if got := Evaluate(r, p); got.Allowed != want[i] {
				t.Errorf("%s on %s: %s", key, text, got.Explain())
			}
		}
	}
	allow := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*",
		%q:"arn:aws:s3:::lake/home/${aws:usrname, 'alice'}/*"}}`
	for _, element := range []string{"Resource", "NotResource"} {
		d := parse(t, Identity, fmt.Sprintf(allow, element))
		for _, key := range []string{mine, theirs} {
			r := objectRequest("s3:GetObject", key)
			if got := Evaluate(r, Policies{Identity: []*Document{d}}); got.Allowed {
				t.Errorf("%s of an Allow: %s", element, got.Explain())
			}
		}
	}
}
