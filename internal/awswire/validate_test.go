package awswire_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/internal/awsapi/iamapi"
	"latchkey/internal/awsapi/s3control"
	"latchkey/internal/awsapi/stsapi"
	"latchkey/internal/awswire"
	"latchkey/internal/fault"
)

func TestValidation(t *testing.T) {
	decode := func(form string) error {
		r := httptest.NewRequest("POST", "/", nil)
		_, err := awswire.Decode(awswire.Usual, iamapi.CreateUser.Operation, r, nil,
			[]byte("Action=CreateUser&Version=2010-05-08"+form))
		return err
	}
	for name, c := range map[string]struct{ form, want string }{
		"missing": {
			"",
			"1 validation error detected: Value null at 'userName' failed to satisfy constraint: Member must not be null",
		},
		"pattern": {
			"&UserName=b%20b",
			`1 validation error detected: Value 'b b' at 'userName' failed to satisfy constraint: ` +
				`Member must satisfy regular expression pattern: [\w+=,.@-]+`,
		},
		"too long": {
			"&UserName=" + strings.Repeat("é", 65), "Member must have length less than or equal to 64",
		},
		"too short": {"&UserName=", "Member must have length greater than or equal to 1"},
		"too many":  {"&UserName=bob" + manyTags(51), "Member must have length less than or equal to 50"},
		"in a list": {
			"&UserName=bob&Tags.member.1.Key=a&Tags.member.1.Value=b&Tags.member.2.Value=c",
			"Value null at 'tags.2.member.key' failed to satisfy constraint: Member must not be null",
		},
		"escapes as AWS writes them": {
			"&UserName=bob&Path=x", `Member must satisfy regular expression pattern: (\u002F)|(\u002F[\u0021-\u007E]+\u002F)`,
		},
	} {
		t.Run(name+" is refused in AWS's words", func(t *testing.T) {
			err := decode(c.form)
			if !fault.Is(err, fault.Invalid, fault.Member) || !strings.Contains(fault.Of(err).Text.String(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	t.Run("the most tags pass", func(t *testing.T) {
		if err := decode("&UserName=bob" + manyTags(50)); err != nil {
			t.Error(err)
		}
	})
	t.Run("the longest name passes", func(t *testing.T) {
		if err := decode("&UserName=" + strings.Repeat("e", 64) + "&Path=/"); err != nil {
			t.Error(err)
		}
	})
	t.Run("range and enum are refused", func(t *testing.T) {
		r := httptest.NewRequest("GET",
			"/v20180820/accessgrantsinstance/dataaccess?target=s3%3A%2F%2Fb%2F%2A&permission=ALL&durationSeconds=899", nil)
		r.Header.Set("x-amz-account-id", "12345678901x")
		_, err := awswire.Decode(awswire.Usual, s3control.GetDataAccess.Operation, r, nil, nil)
		for _, want := range []string{
			"3 validation errors detected", "Member must satisfy enum value set: [READ, WRITE, READWRITE]",
			"Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
			`Value '12345678901x' at 'accountId' failed to satisfy constraint: ` +
				`Member must satisfy regular expression pattern: ^\d{12}$`,
		} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %s", err, want)
			}
		}
	})
	t.Run("a secret is not repeated", func(t *testing.T) {
		r := httptest.NewRequest("POST", "/", nil)
		_, err := awswire.Decode(awswire.Usual, stsapi.AssumeRoleWithWebIdentity.Operation, r, nil,
			[]byte("Action=AssumeRoleWithWebIdentity&Version=2011-06-15"+
				"&RoleArn=arn:aws:iam::123456789012:role/x&RoleSessionName=bob&WebIdentityToken=abc"))
		if !fault.Is(err, fault.Invalid, fault.Member) || strings.Contains(err.Error(), "abc") {
			t.Errorf("got %v", err)
		}
	})
}

func manyTags(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "&Tags.member.%d.Key=k%d&Tags.member.%d.Value=v", i+1, i, i+1)
	}
	return b.String()
}
