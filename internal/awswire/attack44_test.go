package awswire_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/internal/awsapi/iamapi"
	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awsapi/ssoadmin"
	"latchkey/internal/awswire"
	"latchkey/internal/fault"
)

// TestAttack44_ViolationsAreCountedNotListed: ten violations are listed, all are counted, and neither the value nor the
// name in a path makes one of them long.
func TestAttack44_ViolationsAreCountedNotListed(t *testing.T) {
	long := strings.Repeat("n", 20_000)
	var missing strings.Builder
	for range 40 {
		missing.WriteString("<Object></Object>")
	}
	for name, c := range map[string]struct {
		op    *awswire.Operation
		body  string
		count string
	}{
		"members that are missing": {s3.DeleteObjects.Operation, "<Delete>" + missing.String() + "</Delete>",
			"40 validation errors detected: "},
		"a long value": {iamapi.CreateUser.Operation, "Action=CreateUser&Version=2010-05-08&UserName=" + long,
			"1 validation error detected: "},
		"a long key": {ssoadmin.CreateTrustedTokenIssuer.Operation, `{"InstanceArn":"` + long + `","Name":"` + long + `"}`,
			"validation errors detected: "},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := awswire.Decode(awswire.Usual, c.op, httptest.NewRequest("POST", "/", nil),
				awswire.Labels{"Bucket": "b"}, []byte(c.body))
			text := err.Error()
			if !fault.Is(err, fault.Invalid, fault.Member) || !strings.Contains(text, c.count) {
				t.Errorf("got %.300s", text)
			}
			if n := strings.Count(text, "failed to satisfy"); n == 0 || n > 10 {
				t.Errorf("%d violations are listed", n)
			}
			if len(text) > fault.MaxText+100 {
				t.Errorf("%d bytes", len(text))
			}
		})
	}
}
