package gateway_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control/controltest"
	"latchkey/internal/server"
	"latchkey/internal/store"
)

const (
	accountA = "123456789012"
	accountB = "210987654321"
	region   = "us-east-1"
)

// world is a running server: the whole product, over real HTTP.
type world struct {
	t      testing.TB
	server *server.Server
	url    string
	host   string // of the listener
	http   *http.Client
	root   aws.Credentials
	ahead  atomic.Int64 // how far the clock of server and clients is ahead
	log    lockedBuffer
	stop   func()    // ends the server and waits; the database stays open until the test ends
	db     *store.DB // of a gateway alone, see behind

	rootKey func(access.AccountID) aws.Credentials // makes an account of a gateway alone
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

// advance sets the clock forward.
func (w *world) advance(d time.Duration) { w.ahead.Add(int64(d)) }

func start(t testing.TB, more ...func(*server.Config)) *world {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	w := &world{t: t}
	c := server.Config{
		Listen: "127.0.0.1:0",
		Data:   t.TempDir(),
		Now:    w.now,
		Log:    slog.New(slog.NewJSONHandler(&w.log, nil)),
	}
	for _, f := range more {
		f(&c)
	}
	s, err := server.Open(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	w.server, w.url, w.host = s, s.URL(), strings.TrimPrefix(s.URL(), "http://")
	w.http = &http.Client{
		Transport:     &http.Transport{DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	w.root = aws.Credentials{AccessKeyID: s.Root.AccessKeyID, SecretAccessKey: s.Root.Secret.Reveal()}
	w.stop = sync.OnceFunc(func() {
		w.http.CloseIdleConnections()
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		w.stop()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func atExpiry(c *server.Config) { c.Revocation = caller.AtExpiry }

// ask is one request.
type ask struct {
	method  string
	path    string // escaped, with its query
	header  http.Header
	body    string
	hash    string // x-amz-content-sha256 to send; empty: the body's own
	host    string // empty: the listener's
	service string // empty: s3
	region  string // empty: the usual one
	after   func(*http.Request)
}

// answer is what came back.
type answer struct {
	status  int
	header  http.Header
	body    string
	code    string
	message string
}

func (a *answer) String() string { return fmt.Sprintf("%d %s %q", a.status, a.code, a.message) }

func digest(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

// newSigner is new for every request: a signer remembers keys by their id, and a wrong secret would not be used.
func newSigner() *v4.Signer {
	return v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping, o.DisableHeaderHoisting = true, true })
}

// request builds the signed request of an ask.
func (w *world) request(k aws.Credentials, a ask) *http.Request {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), a.method, w.url+a.path, strings.NewReader(a.body))
	if err != nil {
		w.t.Fatal(err)
	}
	if a.host != "" {
		r.Host = a.host
	}
	for name, v := range a.header {
		r.Header[http.CanonicalHeaderKey(name)] = v
	}
	if strings.HasPrefix(a.path, "/v20180820/") && r.Header.Get("X-Amz-Account-Id") == "" {
		r.Header.Set("X-Amz-Account-Id", accountA)
	}
	if a.hash == "" {
		a.hash = digest(a.body)
	}
	if a.service == "" {
		a.service = "s3"
	}
	r.Header.Set("X-Amz-Content-Sha256", a.hash)
	if err := newSigner().SignHTTP(w.t.Context(), k, r, a.hash, a.service, or(a.region, region), w.now()); err != nil {
		w.t.Fatal(err)
	}
	if a.after != nil {
		a.after(r)
	}
	return r
}

// do signs and sends an ask.
func (w *world) do(k aws.Credentials, a ask) *answer {
	w.t.Helper()
	return w.send(w.request(k, a))
}

func (w *world) send(r *http.Request) *answer {
	w.t.Helper()
	resp, err := w.http.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.read(resp)
}

func (w *world) read(resp *http.Response) *answer {
	w.t.Helper()
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	out := &answer{status: resp.StatusCode, header: resp.Header, body: string(body)}
	var e struct {
		Code, Message string
		Error         struct{ Code, Message string }
	}
	if resp.StatusCode >= 300 && xml.Unmarshal(body, &e) == nil {
		out.code, out.message = e.Code+e.Error.Code, e.Message+e.Error.Message
	}
	return out
}

func (w *world) get(k aws.Credentials, path string) *answer {
	w.t.Helper()
	return w.do(k, ask{method: http.MethodGet, path: path})
}

func (w *world) put(k aws.Credentials, path, body string) *answer {
	w.t.Helper()
	return w.do(k, ask{method: http.MethodPut, path: path, body: body})
}

func (w *world) del(k aws.Credentials, path string) *answer {
	w.t.Helper()
	return w.do(k, ask{method: http.MethodDelete, path: path})
}

// must does an ask that is to succeed.
func (w *world) must(k aws.Credentials, a ask) *answer {
	w.t.Helper()
	got := w.do(k, a)
	if got.status >= 300 {
		w.t.Fatalf("%s %s: %v", a.method, a.path, got)
	}
	return got
}

func (w *world) bucket(k aws.Credentials, names ...string) {
	w.t.Helper()
	for _, name := range names {
		w.must(k, ask{method: http.MethodPut, path: "/" + name})
	}
}

func (w *world) object(path, body string) {
	w.t.Helper()
	w.must(w.root, ask{method: http.MethodPut, path: path, body: body})
}

// content is what the root reads.
func (w *world) content(path string) string {
	w.t.Helper()
	return w.must(w.root, ask{method: http.MethodGet, path: path}).body
}

// exists reports whether there is such an object.
func (w *world) exists(path string) bool {
	w.t.Helper()
	return w.get(w.root, path).status == http.StatusOK
}

// query calls an operation of IAM or STS.
func (w *world) query(k aws.Credentials, service, action string, pairs ...string) *answer {
	w.t.Helper()
	version := map[string]string{"iam": "2010-05-08", "sts": "2011-06-15"}[service]
	form := url.Values{"Action": {action}, "Version": {version}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return w.must(k, ask{
		method: http.MethodPost, path: "/", service: service, body: form.Encode(),
		header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
	})
}

func (w *world) iam(action string, pairs ...string) *answer {
	w.t.Helper()
	return w.query(w.root, "iam", action, pairs...)
}

// user makes a user with this policy (none if empty) and a key of its.
func (w *world) user(name, policy string) aws.Credentials {
	w.t.Helper()
	w.iam("CreateUser", "UserName", name)
	if policy != "" {
		w.policy(name, policy)
	}
	return w.key(w.root, name)
}

func (w *world) policy(user, policy string) {
	w.t.Helper()
	w.iam("PutUserPolicy", "UserName", user, "PolicyName", "p", "PolicyDocument", policy)
}

func (w *world) key(by aws.Credentials, user string) aws.Credentials {
	w.t.Helper()
	var k struct {
		ID     string `xml:"CreateAccessKeyResult>AccessKey>AccessKeyId"`
		Secret string `xml:"CreateAccessKeyResult>AccessKey>SecretAccessKey"`
	}
	w.parse(w.query(by, "iam", "CreateAccessKey", "UserName", user), &k)
	return aws.Credentials{AccessKeyID: k.ID, SecretAccessKey: k.Secret}
}

// other makes the second account and gives its root key.
func (w *world) other() aws.Credentials {
	w.t.Helper()
	p := principalsOf(w)
	_, key, err := p.CreateAccount(w.t.Context(), controltest.Operator(w.t, w.server.Control, accountA), accountB, "other")
	if err != nil {
		w.t.Fatal(err)
	}
	return aws.Credentials{AccessKeyID: key.AccessKeyID, SecretAccessKey: key.Secret.Reveal()}
}

func (w *world) parse(a *answer, v any) {
	w.t.Helper()
	if err := xml.Unmarshal([]byte(a.body), v); err != nil {
		w.t.Fatalf("%v: %s", err, a.body)
	}
}

const (
	everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`
	control    = "/v20180820/accessgrantsinstance"
	trusting   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
		`"Principal":{"Service":"access-grants.s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
)

func allow(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

// grants makes an instance with the default location, whose role may do all in S3.
func (w *world) grants() {
	w.t.Helper()
	w.iam("CreateRole", "RoleName", "loc", "AssumeRolePolicyDocument", trusting)
	w.iam("PutRolePolicy", "RoleName", "loc", "PolicyName", "all", "PolicyDocument", everything)
	w.must(w.root, ask{method: http.MethodPost, path: control})
	w.must(w.root, ask{method: http.MethodPost, path: control + "/location", body: "<CreateAccessGrantsLocationRequest>" +
		"<LocationScope>s3://</LocationScope><IAMRoleArn>arn:aws:iam::" + accountA +
		":role/loc</IAMRoleArn></CreateAccessGrantsLocationRequest>"})
}

// grant grants a user a permission on what lies below the default location, and gives the grant's id.
func (w *world) grant(user, sub, permission string, object bool) string {
	w.t.Helper()
	kind := ""
	if object {
		kind = "<S3PrefixType>Object</S3PrefixType>"
	}
	var made struct {
		ID string `xml:"AccessGrantId"`
	}
	w.parse(w.must(w.root, ask{
		method: http.MethodPost,
		path:   control + "/grant",
		body: "<CreateAccessGrantRequest><AccessGrantsLocationId>default" +
			"</AccessGrantsLocationId><AccessGrantsLocationConfiguration><S3SubPrefix>" + escaped(sub) +
			"</S3SubPrefix></AccessGrantsLocationConfiguration>" +
			"<Grantee><GranteeType>IAM</GranteeType><GranteeIdentifier>arn:aws:iam::" + accountA + ":user/" + user +
			"</GranteeIdentifier></Grantee>" +
			"<Permission>" + permission + "</Permission>" + kind + "</CreateAccessGrantRequest>",
	}), &made)
	return made.ID
}

func escaped(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text))
	return b.String()
}

// vend asks for a credential.
func (w *world) vend(k aws.Credentials, target, permission string, more ...string) aws.Credentials {
	w.t.Helper()
	q := url.Values{"permission": {permission}, "target": {target}}
	for i := 0; i < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return w.temporary(w.must(k,
		ask{method: http.MethodGet, path: control + "/dataaccess?" + strings.ReplaceAll(q.Encode(), "+", "%20")}))
}

func (w *world) temporary(a *answer) aws.Credentials {
	w.t.Helper()
	var got struct {
		ID     string `xml:"AccessKeyId"`
		Secret string `xml:"SecretAccessKey"`
		Token  string `xml:"SessionToken"`
	}
	i, j := strings.Index(a.body, "<Credentials>"), strings.Index(a.body, "</Credentials>")
	if i < 0 || j < i {
		w.t.Fatalf("no credentials: %s", a.body)
	}
	w.parse(&answer{body: a.body[i : j+len("</Credentials>")]}, &got)
	return aws.Credentials{AccessKeyID: got.ID, SecretAccessKey: got.Secret, SessionToken: got.Token}
}

// presign is the path and query of a presigned URL.
func (w *world) presign(
	k aws.Credentials, method, path string, expires time.Duration, header http.Header,
) *http.Request {
	w.t.Helper()
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method,
		fmt.Sprintf("%s%s%sX-Amz-Expires=%d", w.url, path, sep, int(expires.Seconds())), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	for name, v := range header {
		r.Header[http.CanonicalHeaderKey(name)] = v
	}
	target, signed, err := newSigner().PresignHTTP(w.t.Context(), k, r, "UNSIGNED-PAYLOAD", "s3", region, w.now())
	if err != nil {
		w.t.Fatal(err)
	}
	if r.URL, err = url.Parse(target); err != nil {
		w.t.Fatal(err)
	}
	for name, v := range signed {
		if name != "Host" {
			r.Header[name] = v
		}
	}
	return r
}

// escape spells a key in a path as a signer must.
func escape(key string) string {
	var b strings.Builder
	for i := range len(key) {
		c := key[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~/", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// refused checks that an answer is this refusal.
func refused(t testing.TB, what string, got *answer, status int, code, text string) {
	t.Helper()
	if got.status != status || code != "" && got.code != code || !strings.Contains(got.message, text) {
		t.Errorf("%s: got %v, want %d %s ...%s...", what, got, status, code, text)
	}
}

// served checks that an answer is a success.
func served(t testing.TB, what string, got *answer) {
	t.Helper()
	if got.status >= 300 {
		t.Errorf("%s: got %v", what, got)
	}
}
