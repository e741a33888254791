package server

import (
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/broker"
	"latchkey/internal/store"
)

// startMinIO starts the MinIO that tools/stores has built. The test is skipped where there is none.
func startMinIO(t *testing.T) (*walkWorld, aws.Credentials) {
	t.Helper()
	cache := os.Getenv("LATCHKEY_STORES")
	if cache == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			t.Skip("no cache folder: ", err)
		}
		cache = filepath.Join(base, "latchkey-stores")
	}
	found, err := filepath.Glob(filepath.Join(cache, "minio-*", "minio"))
	if err != nil || len(found) == 0 {
		t.Skip("MinIO is not built: tools/stores --with minio true builds it")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	keys := aws.Credentials{AccessKeyID: "minioroot", SecretAccessKey: "minioroot-secret"}
	c := exec.CommandContext(t.Context(), found[0], "server", "--quiet", "--address", address, "--console-address",
		"127.0.0.1:0", t.TempDir())
	c.Env = append(os.Environ(), "MINIO_ROOT_USER="+keys.AccessKeyID, "MINIO_ROOT_PASSWORD="+keys.SecretAccessKey,
		"MINIO_CI_CD=on", "HOME="+t.TempDir(), "MINIO_BROWSER=off", "MINIO_UPDATE=off")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	w := &walkWorld{t: t, url: "http://" + address}
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) { // until the condition holds
		ready := false
		if resp, err := http.Get(w.url + "/minio/health/ready"); err == nil {
			resp.Body.Close()
			ready = resp.StatusCode == http.StatusOK
		}
		if ready && w.send(keys, get("/")).status == http.StatusOK {
			break
		}
		if time.Now().After(end) {
			t.Fatal("MinIO does not answer")
		}
	}
	return w, keys
}

// The real MinIO, with root as the parent of its sessions: our session policy is the only fence.
func TestIdentityCase091_MinIO(t *testing.T) {
	minio, keys := startMinIO(t)
	if a := minio.send(keys, put("/lake", "")); a.status != 200 {
		t.Fatal(a.body)
	}
	for _, key := range []string{"team/alice/x", "team/q/x", "team/alicedonnelly/x"} {
		if a := minio.send(keys, put("/lake/"+key, key)); a.status != 200 {
			t.Fatal(a.body)
		}
	}
	f := newSTSFront(t, func(now func() time.Time) broker.Settings {
		at, err := url.Parse(minio.url)
		if err != nil {
			t.Fatal(err)
		}
		return broker.Settings{
			Name: "minio", Dialect: broker.MinIO, S3Endpoint: at, Credentials: broker.Static(keys), Now: now,
		}
	})
	v := f.vending("PutLocationVending", object{"Mode": "upstream-sts"})
	for _, c := range v.Report.Checks {
		t.Logf("%s %s %s", c.Outcome, c.Name, c.Text)
	}
	if v.State != "PENDING" || v.Report.Failed || len(v.Report.Left) != 0 {
		t.Fatalf("%+v", v)
	}
	// MinIO's shortest session has 15 minutes, and its clock cannot be moved. So that one check stays pending here, and
	// the test says in its place that it has passed.
	if err := f.server.engine.Update(t.Context(), func(tx *store.Tx) error {
		l, err := store.Locations.Get(t.Context(), tx, store.LocationID(walkAccount, "us-east-1", "default"))
		if err != nil {
			for found, err := range store.Locations.All(t.Context(), tx) {
				if err != nil {
					return err
				}
				l = found
			}
		}
		l.Vending.Since, l.Vending.Proven = tx.Now(), tx.Now()
		return store.Locations.Update(tx, l)
	}); err != nil {
		t.Fatal(err)
	}
	k := keysOf(t, f.ask(f.alice, "alice/*", "READ"))
	for _, c := range []struct {
		request
		want int
	}{
		{get("/lake/team/alice/x"), 200}, {get("/lake/team/q/x"), 403}, {get("/lake/team/alicedonnelly/x"), 403},
		{get("/lake?list-type=2&prefix=team%2Falice%2F"), 200}, {get("/lake?list-type=2&prefix=team%2Fq%2F"), 403},
		{get("/lake?list-type=2&prefix=team%2F"), 403}, {get("/lake?list-type=2&delimiter=%2F"), 403},
		{put("/lake/team/alice/x", "y"), 403}, {del("/lake/team/alice/x"), 403},
	} {
		if a := minio.send(k, c.request); a.status != c.want {
			t.Errorf("%s %s: %d %s", c.method, c.path, a.status, a.body)
		}
	}
	t.Run("with boto3 at the store", func(t *testing.T) {
		if a := minio.send(keys, put("/lake/team/alice/x", "content of team/alice/x")); a.status != 200 {
			t.Fatal(a.body)
		}
		if a := minio.send(keys, put("/lake/other/x", "")); a.status != 200 {
			t.Fatal(a.body)
		}
		readsWithBoto3(t, minio.url, k)
	})
	if f.vending("ProbeLocation", object{}).Report.Failed {
		t.Error("the probe fails")
	}
}
