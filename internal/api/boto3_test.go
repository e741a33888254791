package api

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"latchkey/internal/sso"
)

// The set-up that the S3 user guide describes for directory identities, by AWS's own client.
func TestIdentityCenterWithBoto3(t *testing.T) {
	if out, err := exec.CommandContext(t.Context(), "python3", "-c", "import boto3").CombinedOutput(); err != nil {
		t.Skipf("python3 with boto3 is not installed: %s", out)
	}
	w := newCenterWorld(t)
	location := w.lake()
	alice := w.person("alice")
	w.iam("CreateRole&RoleName=app&AssumeRolePolicyDocument=" + queryEscape(trustRoot))
	server := httptest.NewServer(w.front)
	defer server.Close()
	c := exec.CommandContext(t.Context(), "python3", "testdata/identitycenter.py")
	c.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+server.URL, "AWS_ACCESS_KEY_ID="+w.keys["root"].ID,
		"AWS_SECRET_ACCESS_KEY="+w.keys["root"].Secret,
		"AWS_DEFAULT_REGION=us-east-1", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null",
		"NO_PROXY=127.0.0.1",
		"ACCOUNT="+string(centerAccount), "LOCATION="+location, "ALICE="+alice)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	app := strings.TrimSpace(string(out))
	snap, err := w.Engine.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	a := snap.Application(app)
	if a == nil || a.Grant(sso.JWTBearer) == nil || a.Grant(sso.RefreshToken) == nil || a.Scope(sso.S3Scope) == nil ||
		a.Actor == nil || !snap.MayUse(app, alice, nil) {
		t.Errorf("the application is %+v", a)
	}
}
