package server

import (
	"net/http"
	"strings"
	"testing"
)

func TestSCIMIsRouted(t *testing.T) {
	s := boot(t, Config{})
	const signed = "Authorization: AWS4-HMAC-SHA256 Credential=AKIANOBODY/20260101/us-east-1/s3/aws4_request, " +
		"SignedHeaders=host, Signature=00"
	for name, c := range map[string]struct {
		method, target string
		header         []string
		scim           bool
	}{
		"the endpoint asks for a token":              {"GET", "/scim/v2/Users", nil, true},
		"the base as well":                           {"GET", "/scim/v2", nil, true},
		"a bucket may be called scim: signed header": {"GET", "/scim/v2/Users", []string{signed}, false},
		"a bucket may be called scim: presigned": {"GET",
			"/scim/v2/Users?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00", nil, false},
		"a key that begins alike": {"GET", "/scim/v20/Users", nil, false},
		"the bucket itself":       {"GET", "/scim", nil, false},
		"another bucket":          {"GET", "/lake/scim/v2/Users", nil, false},
		"a form of a service goes by, with no way in": {"POST", "/scim/v2/Users",
			[]string{"Content-Type: application/x-www-form-urlencoded", "Content-Length: 0"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			status, header, body := send(t, s, c.method, c.target, s.listener.Addr().String(), c.header...)
			if got := status == http.StatusUnauthorized && strings.Contains(body, "messages:2.0:Error") &&
				header.Get("WWW-Authenticate") != ""; got != c.scim {
				t.Errorf("%d %v %s", status, header, body)
			}
		})
	}
}
