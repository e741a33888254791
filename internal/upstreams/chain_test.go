package upstreams

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// machine is a chain on a machine with this environment.
func machine(t *testing.T, env map[string]string) (*Provider, error) {
	t.Helper()
	p := &Provider{}
	err := p.openChain(&chain{env: func(name string) string { return env[name] }, client: http.DefaultClient})
	return p, err
}

// keyServer answers every request with keys, if it has this header.
func keyServer(t *testing.T, header, value string, answer func(r *http.Request) string) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if header != "" && r.Header.Get(header) != value {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		_, _ = w.Write([]byte(answer(r)))
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

const (
	keysJSON = `{"AccessKeyId":"AKID","SecretAccessKey":"s","Token":"t","Expiration":"2999-01-01T00:00:00Z"}`
	keysXML  = `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">` +
		`<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>AKID</AccessKeyId>` +
		`<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration>` +
		`</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`
)

func TestAWSsChainOfKeys(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "keys"), keysText("AKID"))
	write(t, filepath.Join(dir, "token"), "token\n")
	must(t, os.Mkdir(filepath.Join(dir, ".aws"), 0o700))
	write(t, filepath.Join(dir, ".aws", "credentials"), keysText("AKID"))
	container := keyServer(t, "Authorization", "token", func(*http.Request) string { return keysJSON })
	sts := keyServer(t, "", "", func(r *http.Request) string {
		if r.FormValue("WebIdentityToken") != "token" || r.Header.Get("Authorization") != "" {
			return ""
		}
		return keysXML
	})
	instance := keyServer(t, "", "", func(r *http.Request) string {
		switch {
		case r.Method == http.MethodPut:
			return "session"
		case r.Header.Get("X-Aws-Ec2-Metadata-Token") != "session":
			return ""
		case strings.HasSuffix(r.URL.Path, "/"):
			return "role\n"
		}
		return keysJSON
	})
	file := map[string]string{"AWS_SHARED_CREDENTIALS_FILE": filepath.Join(dir, "keys")}
	for what, env := range map[string]map[string]string{
		"environment": {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SHARED_CREDENTIALS_FILE": "/nothing"},
		"file":        file,
		"home":        {"HOME": dir},
		"web identity": {"AWS_WEB_IDENTITY_TOKEN_FILE": filepath.Join(dir, "token"),
			"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/x", "AWS_ENDPOINT_URL_STS": sts},
		"container": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": container,
			"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": filepath.Join(dir, "token")},
		"instance": {"AWS_EC2_METADATA_SERVICE_ENDPOINT": instance},
	} {
		p, err := machine(t, env)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		k, err := p.Retrieve(t.Context())
		if err != nil || k.AccessKeyID != "AKID" || !strings.HasPrefix(p.String(), "chain: ") {
			t.Errorf("%s: %s from %s, %v", what, k.AccessKeyID, p, err)
		}
	}
	for what, env := range map[string]map[string]string{
		"half an environment":      {"AWS_ACCESS_KEY_ID": "AKID"},
		"a file that is not there": {"AWS_SHARED_CREDENTIALS_FILE": "/nothing"},
		"another machine in clear": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.7/keys"},
		"a path that is a host":    {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "@192.0.2.7/keys"},
		"nothing, and no metadata": {"AWS_EC2_METADATA_DISABLED": "true"},
	} {
		if p, err := machine(t, env); err == nil {
			t.Errorf("%s: %s", what, p)
		}
	}
	p, err := machine(t, map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": container})
	must(t, err)
	if _, err := p.Retrieve(t.Context()); err == nil {
		t.Error("without the container's token it has keys")
	}
}
