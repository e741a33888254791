package server

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/upstreams"
)

// keysFile writes keys to a file in AWS's format.
func keysFile(t testing.TB, k aws.Credentials) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "keys")
	writeKeys(t, file, k)
	return file
}

func writeKeys(t testing.TB, file string, k aws.Credentials) {
	t.Helper()
	text := fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", k.AccessKeyID, k.SecretAccessKey)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// fronted is a server in front of two others, each of which is a store.
type fronted struct {
	*walkWorld             // the one in front
	left, right *walkWorld // the stores
	keys        string     // the file with the keys of left
	file        string     // of the upstreams
	gate        *gate      // between the server and left
}

// gate is a proxy that can be closed: then the store behind it does not answer.
type gate struct {
	closed atomic.Bool
	seen   atomic.Int64
}

func (g *gate) to(t testing.TB, target string) string {
	at, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.Out.URL.Scheme, p.Out.URL.Host, p.Out.Host = at.Scheme, at.Host, p.In.Host
	}}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.seen.Add(1)
		if g.closed.Load() {
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func worldOf(t testing.TB, s *Server) *walkWorld {
	return &walkWorld{t: t, server: s, url: s.URL(), root: operatorOf(s), seeded: map[string]string{}}
}

// inFront boots the stores left and right and a server in front of them. more is added to each entry of the file.
func inFront(t testing.TB, more string) *fronted {
	t.Helper()
	quiet := Config{Log: slog.New(slog.DiscardHandler)}
	f := &fronted{left: worldOf(t, boot(t, quiet)), right: worldOf(t, boot(t, quiet)), gate: &gate{}}
	f.keys = keysFile(t, f.left.root)
	f.file = filepath.Join(t.TempDir(), "upstreams.yaml")
	entry := "  - {name: %s, endpoint: %q, keys: {file: %q}, health: {interval: 1s, observe: 1s}" + more + "}\n"
	text := "upstreams:\n" + fmt.Sprintf(entry, "left", f.gate.to(t, f.left.url), f.keys) +
		fmt.Sprintf(entry, "right", f.right.url, keysFile(t, f.right.root)) + "newBuckets: right\n"
	if err := os.WriteFile(f.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := upstreams.Load(f.file)
	if err != nil {
		t.Fatal(err)
	}
	f.walkWorld = worldOf(t, boot(t, Config{Upstreams: c, Log: slog.New(slog.DiscardHandler)}))
	return f
}

// own calls an operation of the server's own service and returns the answer's members.
func (w *walkWorld) own(op string, in object) object {
	w.t.Helper()
	var out object
	if err := json.Unmarshal([]byte(w.must(call(latchkey.Service, op, in)).body), &out); err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *walkWorld) adopt(name, from string) {
	w.t.Helper()
	w.own("AdoptBucket", object{"Name": name, "AccountId": walkAccount, "Upstream": from})
}

// state is the state of an upstream as ListUpstreams has it.
func (w *walkWorld) state(name string) object {
	w.t.Helper()
	for _, u := range w.own("ListUpstreams", object{})["Upstreams"].([]any) {
		if u := u.(object); u["Name"] == name {
			return u
		}
	}
	w.t.Fatalf("there is no upstream %s", name)
	return nil
}

// until waits for a condition.
func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// user makes a user who may do everything, and returns a key.
func (w *walkWorld) user(name string) aws.Credentials {
	w.t.Helper()
	w.iam("CreateUser", "UserName", name)
	w.iam("PutUserPolicy", "UserName", name, "PolicyName", "all", "PolicyDocument", allowAll)
	w.keep("secret of "+name, w.keepKey(name), "SecretAccessKey")
	return aws.Credentials{AccessKeyID: w.id("key of " + name), SecretAccessKey: w.id("secret of " + name)}
}

// ownerID is the id of the server's account as clients see it.
func (w *walkWorld) ownerID() string {
	w.t.Helper()
	w.keep("owner", w.must(get("/")), "ID")
	return w.id("owner")
}

// TestBucketsOfSeveralStores adopts buckets of two stores, and uses them and one of the server's own side by side.
func TestBucketsOfSeveralStores(t *testing.T) {
	f := inFront(t, ", flat: true")
	for _, b := range []string{"lake", "both"} {
		f.left.must(put("/"+b, ""))
	}
	f.left.must(put("/lake/in/k", "of left"))
	f.right.must(put("/both", ""))
	if got := f.send(f.root, get("/lake/in/k")); got.code() != "NoSuchBucket" {
		t.Errorf("a bucket that nobody adopted: %d %s", got.status, got.body)
	}
	if got := f.send(f.root, put("/lake", "")); got.status != 200 { // in right, which has none of the name
		t.Errorf("created in the store that takes new buckets: %d %s", got.status, got.body)
	}
	f.must(del("/lake"))
	if got := f.send(f.root, put("/both", "")); got.code() != "BucketAlreadyExists" {
		t.Errorf("a bucket that is there is not taken by creating it: %d %s", got.status, got.body)
	}
	if got := f.send(f.root, call(latchkey.Service, "AdoptBucket",
		object{"Name": "both", "AccountId": walkAccount})); got.code() != "ConflictException" ||
		!strings.Contains(got.body, "left, right") {
		t.Errorf("which of two is not said: %d %s", got.status, got.body)
	}
	f.own("AdoptBucket", object{"Name": "lake", "AccountId": walkAccount, "Region": "eu-west-1"})
	f.adopt("both", "right")
	if got := f.send(f.root, in("eu-west-1", get("/lake/in/k"))); got.body != "of left" {
		t.Errorf("read: %d %s", got.status, got.body)
	}
	f.must(in("eu-west-1", put("/lake/new", "from here")))
	if got := f.left.must(get("/lake/new")); got.body != "from here" {
		t.Errorf("the store has %s", got.body)
	}
	if got := f.must(get("/lake?location")); !strings.Contains(got.body, "eu-west-1") {
		t.Errorf("its region is %s", got.body)
	}
	f.must(put("/both/k", "of right"))
	if got := f.left.send(f.left.root, get("/both/k")); got.code() != "NoSuchKey" {
		t.Errorf("the other store has it, too: %d %s", got.status, got.body)
	}
	list := f.must(in("eu-west-1", get("/lake?list-type=2&fetch-owner=true&prefix=in/"))).body
	if !strings.Contains(list, "<Key>in/k</Key>") || !strings.Contains(list, f.ownerID()) ||
		strings.Contains(list, f.left.ownerID()) {
		t.Errorf("owners are not ours: %s", list)
	}
	if got := f.send(f.root, from("/lake/in/k", put("/both/copy", ""))); got.status != 501 {
		t.Errorf("a copy between two stores: %d %s", got.status, got.body)
	}
	f.keep("upload", f.must(post("/both/parts?uploads", "")), "UploadId")
	part := "/both/parts?partNumber=1&uploadId=" + f.id("upload")
	if got := f.send(f.root, from("/lake/in/k", put(part, ""))); got.status != 501 {
		t.Errorf("a copy of a part between two stores: %d %s", got.status, got.body)
	}
	f.must(from("/both/k", put("/both/copy", "")))
	names := fmt.Sprint(f.own("ListBuckets", object{}), f.own("ListBuckets", object{"Unregistered": true}))
	for _, want := range []string{"Name:lake Region:eu-west-1 Upstream:left", "Name:both Region:us-east-1 Upstream:right",
		"Name:both Upstream:left"} {
		if !strings.Contains(names, want) {
			t.Errorf("the lists lack %s: %s", want, names)
		}
	}
}

// TestGrantsOnAStoreOfOthers vends credentials for a prefix of an adopted bucket.
func TestGrantsOnAStoreOfOthers(t *testing.T) {
	f := inFront(t, ", flat: true")
	f.left.must(put("/lake", ""))
	f.left.must(put("/lake/user/k", "mine"))
	f.left.must(put("/lake/other/k", "not mine"))
	f.adopt("lake", "left")
	admin := f.user("admin")
	f.iam("CreateRole", "RoleName", "location", "AssumeRolePolicyDocument", trustS3)
	f.iam("PutRolePolicy", "RoleName", "location", "PolicyName", "all", "PolicyDocument", allowAll)
	f.must(post(grantsPath, ""))
	f.must(post(grantsPath+"/location", location("s3://")))
	f.must(post(grantsPath+"/grant", strings.Replace(grantTo("admin"), "<Permission>READ<", "<Permission>READWRITE<", 1)))
	a := f.send(admin, get(grantsPath+"/dataaccess?permission=READWRITE&target=s3%3A%2F%2Flake%2Fadmin%2F*"))
	if a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	for _, m := range []string{"AccessKeyId", "SecretAccessKey", "SessionToken"} {
		f.keep(m, a, m)
	}
	vended := aws.Credentials{AccessKeyID: f.id("AccessKeyId"), SecretAccessKey: f.id("SecretAccessKey"),
		SessionToken: f.id("SessionToken")}
	if got := f.send(vended, put("/lake/admin/k", "written")); got.status != 200 {
		t.Errorf("put: %d %s", got.status, got.body)
	}
	if got := f.send(vended, get("/lake/admin/k")); got.body != "written" {
		t.Errorf("get: %d %s", got.status, got.body)
	}
	if got := f.send(vended, get("/lake/other/k")); got.code() != "AccessDenied" {
		t.Errorf("outside: %d %s", got.status, got.body)
	}
	if got := f.left.send(vended, get("/lake/admin/k")); got.code() != "InvalidToken" {
		t.Errorf("at the store itself: %d %s", got.status, got.body)
	}
}

// TestAStoreThatIsAway checks that requests to other stores go on, and that the state is told.
func TestAStoreThatIsAway(t *testing.T) {
	f := inFront(t, "")
	f.left.must(put("/lake", ""))
	f.adopt("lake", "left")
	f.must(put("/pond", "")) // in right
	until(t, "left is up", func() bool { return f.state("left")["Status"] == "up" })
	f.gate.closed.Store(true)
	until(t, "left is away", func() bool { return f.state("left")["Status"] == "away" })
	if got := f.send(f.root, get("/lake/k")); got.status != 503 || got.header.Get("Retry-After") == "" {
		t.Errorf("its bucket: %d %s", got.status, got.body)
	}
	f.must(put("/pond/k", "x"))
	ready := f.send(f.root, request{method: "GET", path: "/readyz", service: "-"})
	if ready.status != 200 || !strings.Contains(ready.body, "upstream left: away\n") ||
		!strings.Contains(ready.body, "upstream right: up\n") {
		t.Errorf("/readyz: %d %s", ready.status, ready.body)
	}
	metrics := f.send(f.root, request{method: "GET", path: "/metrics", service: "-"}).body
	if !strings.Contains(metrics, `latchkey_upstream_up{upstream="left"} 0`) ||
		!strings.Contains(metrics, `latchkey_upstream_up{upstream="right"} 1`) {
		t.Errorf("metrics: %s", metrics)
	}
	s := f.state("left")
	if s["Reason"] == nil || s["StatusTime"] == nil {
		t.Errorf("the state has no reason: %v", s)
	}
	problems, _ := s["EndpointProblems"].([]any)
	if len(problems) != 1 {
		t.Fatalf("the endpoint has no problem: %v", s)
	}
	if p := problems[0].(object); p["Endpoint"] != s["Endpoints"].([]any)[0] || p["Reason"] == nil ||
		p["Failures"] == nil || p["Time"] == nil {
		t.Errorf("%v", p)
	}
	strays := f.own("ListBuckets", object{"Unregistered": true})
	if fmt.Sprint(strays["UnavailableUpstreams"]) != "[left]" {
		t.Errorf("whose buckets are not listed: %v", strays)
	}
	if got := f.send(f.root, call(latchkey.Service, "AdoptBucket",
		object{"Name": "sea", "AccountId": walkAccount})); got.code() != "ServiceUnavailableException" {
		t.Errorf("whether a store that is away has a bucket cannot be known: %d %s", got.status, got.body)
	}
	f.gate.closed.Store(false)
	until(t, "left is up again", func() bool { return f.state("left")["Status"] == "up" })
	until(t, "its bucket is served", func() bool { return f.send(f.root, get("/lake/k")).status == 404 })
}
