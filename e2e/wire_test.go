package e2e

import (
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/smithy-go"
)

func TestCasesOfTheWire(t *testing.T) {
	l := newLake(t)
	control := func(method, path, body string, header map[string]string) *answer {
		h := map[string]string{"X-Amz-Account-Id": l.id}
		for k, v := range header {
			h[k] = v
			if v == "" {
				delete(h, k)
			}
		}
		return l.root.sends(request{
			method: method,
			path:   "/v20180820" + path,
			body:   []byte(body),
			header: h,
			host:   l.id + ".s3.latchkey:" + l.site.port,
		})
	}
	const instance = "/accessgrantsinstance"

	t.Run("116 a checksum of nothing is welcome, if it is right", func(t *testing.T) {
		control("GET", instance, "", map[string]string{"X-Amz-Checksum-Crc32": "AAAAAA=="}).mustBe(t, 200, "")
		control("GET", instance, "", map[string]string{"Content-Md5": "1B2M2Y8AsgTpgAmY7PhCfg=="}).mustBe(t, 200, "")
		is(t, "status for a wrong one",
			control("GET", instance, "", map[string]string{"X-Amz-Checksum-Crc32": "AAAAAQ=="}).status, 400)
	})
	t.Run("117 a body that does not match its checksum", func(t *testing.T) {
		body := `<UpdateAccessGrantsLocationRequest xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/"><IAMRoleArn>` +
			l.location.role + `</IAMRoleArn></UpdateAccessGrantsLocationRequest>`
		sum := md5.Sum([]byte(body))
		path := instance + "/location/" + l.location.id
		control("PUT", path, body, map[string]string{"Content-Md5": base64.StdEncoding.EncodeToString(sum[:])}).mustBe(t, 200,
			"")
		for header, wrong := range map[string]string{
			"Content-Md5": "1B2M2Y8AsgTpgAmY7PhCfg==", "X-Amz-Checksum-Crc32": "AAAAAA==",
			"X-Amz-Checksum-Sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
		} {
			control("PUT", path, body, map[string]string{header: wrong}).mustBe(t, 400, "BadDigest")
		}
	})
	t.Run("118 every client reads the same error", func(t *testing.T) {
		_, err := l.root.control.GetAccessGrant(t.Context(),
			&s3control.GetAccessGrantInput{AccountId: &l.id, AccessGrantId: aws.String("00000000-0000-4000-8000-000000000000")})
		refused(t, err, 404, "NoSuchAccessGrantError")
		var e smithy.APIError
		if !asAPIError(err, &e) {
			t.Fatal(err)
		}
		// Storage Browser reads Code and Message only below ErrorResponse/Error.
		got := l.root.asksControl(http.MethodGet, "/accessgrantsinstance/grant/00000000-0000-4000-8000-000000000000", nil, "")
		d := got.document(t)
		is(t, "code below ErrorResponse/Error", d.Error.Code, e.ErrorCode())
		is(t, "message below ErrorResponse/Error", d.Error.Message, e.ErrorMessage())
		if d.RequestID == "" || d.RequestID != got.header.Get("X-Amz-Request-Id") || got.header.Get("X-Amz-Id-2") == "" {
			t.Errorf("request ids: %q in the body, %q in the header", d.RequestID, got.header.Get("X-Amz-Request-Id"))
		}
		t.Run("botocore too", func(t *testing.T) {
			out := l.python(t, "error.py", l.id)
			is(t, "what botocore read", strings.TrimSpace(out), fmt.Sprintf("404 %s %s id", e.ErrorCode(), e.ErrorMessage()))
		})
	})
	t.Run("120 the account is named once and the same everywhere", func(t *testing.T) {
		other := newAccount(t)
		other.hasInstance()
		for name, header := range map[string]map[string]string{
			"no header":             {"X-Amz-Account-Id": ""},
			"eleven digits":         {"X-Amz-Account-Id": l.id[:11]},
			"letters":               {"X-Amz-Account-Id": "abc"},
			"another than the host": {"X-Amz-Account-Id": other.id},
		} {
			got := control("GET", instance, "", header)
			if got.status != 400 {
				t.Errorf("%s: %d %s", name, got.status, got.body)
			}
		}
		control("GET", instance, "", nil).mustBe(t, 200, "")
	})
}

func TestCase119_EveryWayToTheServer(t *testing.T) {
	s := start(t)
	a := s.first(t)
	a.hasInstance()
	// configure makes a client of the Go SDK; the transport connects to the server whatever the name is.
	instance := func(t *testing.T, endpoint, region string, h *http.Client) string {
		t.Helper()
		c := aws.Config{
			Region:           region,
			HTTPClient:       h,
			BaseEndpoint:     &endpoint,
			RetryMaxAttempts: 1,
			Credentials:      keysOf(s.operator),
		}
		out, err := s3control.NewFromConfig(c).GetAccessGrantsInstance(t.Context(),
			&s3control.GetAccessGrantsInstanceInput{AccountId: &a.id})
		if err != nil {
			t.Fatal(err)
		}
		return *out.AccessGrantsInstanceArn
	}
	t.Run("the account before a name of ours", func(t *testing.T) {
		is(t, "ARN", instance(t, s.endpoint(), region, s.http), a.instanceARN())
	})
	t.Run("the account before localhost", func(t *testing.T) {
		is(t, "ARN", instance(t, "http://localhost:"+s.port, region, s.http), a.instanceARN())
	})
	t.Run("the account before any other name", func(t *testing.T) {
		is(t, "ARN", instance(t, "http://s3-control.example.org:"+s.port, region, s.http), a.instanceARN())
	})
	t.Run("region snow and an address", func(t *testing.T) {
		is(t, "ARN", instance(t, s.url, "snow", &http.Client{Transport: &http.Transport{}}), a.instanceARN())
	})
	t.Run("the server as proxy, as latchkey exec sets it", func(t *testing.T) {
		out := s.exec(t, []string{childVariable + "=instance"}, s.operator, os.Args[0])
		is(t, "what the program printed", strings.TrimSpace(out), a.instanceARN()+" 0")
	})
	t.Run("boto3 by region snow and by proxy", func(t *testing.T) {
		is(t, "what botocore read", strings.TrimSpace(a.python(t, "ways.py", a.id, s.url)),
			a.instanceARN()+"\n"+a.instanceARN())
	})
	t.Run("it is a proxy for nobody else", func(t *testing.T) {
		for _, path := range []string{"http://example.org/", "http://169.254.169.254/latest/meta-data", "http://127.0.0.1:1/",
			"http://s3.latchkey.example.org:" + s.port + "/"} {
			status, text := proxied(t, s, path)
			is(t, "status for "+path, status, 403)
			if !strings.Contains(text, "a proxy for its own names only") {
				t.Errorf("%s: %s", path, text)
			}
		}
		status, _ := proxied(t, s, s.endpoint()+"/healthz")
		is(t, "status for itself", status, 200)
	})
}
