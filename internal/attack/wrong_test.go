package attack

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/sigv4"
)

// wrongGateway is a small S3 store in memory with one limited credential. By itself it does what the suite expects of a
// gateway; each defect takes one check away. It is a server of somebody else's, as far as the suite knows.
type wrongGateway struct {
	mu      sync.Mutex
	buckets map[string]map[string]stored
	uploads map[string]string // id to bucket/key
	defects map[string]bool
}

type stored struct{ body, kind string }

var (
	ownerKey = aws.Credentials{AccessKeyID: "AKIAOWNER00000000001", SecretAccessKey: "owner-secret-0123456789"}
	otherKey = aws.Credentials{AccessKeyID: "AKIAOTHER00000000001", SecretAccessKey: "other-secret-0123456789"}
)

// limit is the prefix to which the other key is limited.
const limit = "team/"

func (g *wrongGateway) has(defect string) bool { return g.defects[defect] }

func (g *wrongGateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.has("node routes") && r.URL.Path == "/internal", g.has("pprof") && strings.HasPrefix(r.URL.Path, "/debug/pprof"):
		fmt.Fprint(w, "goroutine profile")
		return
	case g.has("cors") && r.Header.Get("Origin") != "":
		w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		w.Header().Set("Access-Control-Allow-Credentials", "true")
	}
	if strings.Contains(r.Header.Get("Content-Type"), "multipart/form-data") && g.has("forms") {
		bucket, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		body, _ := io.ReadAll(r.Body)
		_, rest, _ := strings.Cut(string(body), "name=\"key\"\r\n\r\n")
		key, _, _ := strings.Cut(rest, "\r\n")
		g.buckets[bucket][key] = stored{"planted", ""}
		return
	}
	who, ok := g.authenticate(r)
	if !ok {
		if g.has("waits for bodies") {
			_, _ = io.Copy(io.Discard, r.Body)
		}
		text := "<Error><Code>AccessDenied</Code></Error>"
		if g.has("secrets in errors") {
			text += otherKey.SecretAccessKey
		}
		http.Error(w, text, http.StatusForbidden)
		return
	}
	g.serve(w, r, who)
}

// authenticate returns the access key that signed.
func (g *wrongGateway) authenticate(r *http.Request) (string, bool) {
	if g.has("trust headers") && r.Header.Get("X-Remote-User") != "" {
		return ownerKey.AccessKeyID, true
	}
	if g.has("payload modes") && r.Header.Get("X-Amz-Content-Sha256") == "STREAMING-UNSIGNED-PAYLOAD-TRAILER" {
		return ownerKey.AccessKeyID, true
	}
	o := sigv4.Options{}
	if g.has("no clock") {
		o.MaxSkew = 1000 * time.Hour
	}
	if g.has("added headers") { // what is not signed is believed
		hidden := r.Clone(r.Context())
		for name := range hidden.Header {
			if strings.HasPrefix(name, "X-Amz-") && !strings.Contains(r.Header.Get("Authorization"), strings.ToLower(name)) {
				hidden.Header.Del(name)
			}
		}
		who, ok := g.verify(hidden, o)
		r.Body = hidden.Body
		return who, ok
	}
	return g.verify(r, o)
}

func (g *wrongGateway) verify(r *http.Request, o sigv4.Options) (string, bool) {
	s, err := sigv4.Parse(r, o)
	if err != nil {
		return "", false
	}
	if g.has("no signature check") {
		return s.AccessKeyID, true
	}
	if s.Service != "s3" && !g.has("any service") || s.Region != "us-east-1" && !g.has("any region") {
		return "", false
	}
	secret := map[string]string{ownerKey.AccessKeyID: ownerKey.SecretAccessKey, otherKey.AccessKeyID: otherKey.SecretAccessKey}[s.AccessKeyID]
	if g.has("known keys") && s.AccessKeyID == "minioadmin" {
		return ownerKey.AccessKeyID, true
	}
	if secret == "" {
		return "", false
	}
	at := time.Now()
	if g.has("derived secrets") && s.Verify(s.AccessKeyID, at) == nil {
		return s.AccessKeyID, true
	}
	if s.Verify(secret, at) != nil {
		return "", false
	}
	body, err := io.ReadAll(s.Body(sigv4.BodyOptions{}))
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	return s.AccessKeyID, err == nil
}

// may says whether a key may touch an object, by the name that the defects make of it.
func (g *wrongGateway) may(who, bucket, key string) bool {
	if g.has("trimmed keys") && strings.TrimRight(key, " .\x00") != key {
		return true
	}
	return who == ownerKey.AccessKeyID || strings.HasPrefix(key, strings.TrimSuffix(limit, g.suffix()))
}

func (g *wrongGateway) suffix() string {
	if g.has("no boundary") {
		return "/"
	}
	return ""
}

// object is the object that the store finds under a key.
func (g *wrongGateway) object(key string) string {
	if g.has("dots") {
		key = strings.TrimPrefix(path.Clean("/"+key), "/")
	}
	if g.has("backslashes") {
		key = strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(key, `\`, "/")), "/")
	}
	if g.has("trimmed keys") {
		key = strings.TrimRight(key, " .\x00")
	}
	return key
}

func (g *wrongGateway) serve(w http.ResponseWriter, r *http.Request, who string) {
	if len(r.TransferEncoding) > 0 && !g.has("framings") {
		w.Header().Set("Connection", "close") // Go's server goes on after both framings
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if v := r.Header.Get("X-Original-Url"); v != "" && g.has("forwarded names") && g.may(who, bucket, key) {
		who = ownerKey.AccessKeyID
		bucket, key, _ = strings.Cut(strings.TrimPrefix(v, "/"), "/")
	}
	if g.has("encoded slashes") { // decided on the escaped path, served by the decoded one
		_, escaped, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
		if g.may(who, bucket, escaped) {
			who = ownerKey.AccessKeyID
			key, _ = url.PathUnescape(escaped)
			key = strings.TrimPrefix(path.Clean("/"+key), "/")
		}
	}
	q := r.URL.Query()
	objects := g.buckets[bucket]
	fail := func(status int) { http.Error(w, "<Error/>", status) }
	switch {
	case bucket == "" && r.Method == "GET" && who == ownerKey.AccessKeyID:
		return
	case bucket == "":
		fail(403)
	case key == "" && q.Has("delete") && r.Method == "POST":
		g.deleteMany(w, r, who, bucket)
	case key == "":
		g.bucketOperation(w, r, who, bucket)
	case !g.may(who, bucket, key):
		if g.has("conditions") && strings.Contains(r.Header.Get("If-None-Match"), "e") {
			fail(304)
			return
		}
		if g.has("versions") && q.Has("versionId") {
			fmt.Fprint(w, objects[key].body)
			return
		}
		if g.has("sub-resources") && q.Has("nonsense") {
			fmt.Fprint(w, objects[key].body)
			return
		}
		fail(403)
	case q.Has("uploads") || q.Has("uploadId"):
		g.upload(w, r, who, bucket, key)
	case len(q) > 0 && !q.Has("X-Amz-Signature") && !q.Has("partNumber"):
		fail(501)
	default:
		g.objectOperation(w, r, who, bucket, key)
	}
}

func (g *wrongGateway) objectOperation(w http.ResponseWriter, r *http.Request, who, bucket, key string) {
	objects, name := g.buckets[bucket], g.object(key)
	o, found := objects[name]
	switch r.Method {
	case "GET", "HEAD":
		if !found {
			text := "<Error/>"
			if g.has("long texts") {
				text += strings.Repeat(r.UserAgent(), 30)
			}
			http.Error(w, text, 404)
			return
		}
		w.Header().Set("ETag", `"e"`)
		w.Header().Set("Content-Type", o.kind)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Length", lengthOf(o.body))
		if r.Method == "GET" {
			fmt.Fprint(w, o.body)
		}
	case "DELETE":
		delete(objects, name)
		w.WriteHeader(204)
	case "PUT":
		body, err := io.ReadAll(r.Body)
		if len(key) > 1024 && !g.has("costly") || err != nil {
			http.Error(w, "<Error/>", 400)
			return
		}
		if source := r.Header.Get("X-Amz-Copy-Source"); source != "" {
			from, ok := g.source(who, source)
			if !ok {
				http.Error(w, "<Error/>", 403)
				return
			}
			body = []byte(from)
		}
		objects[name] = stored{string(body), r.Header.Get("Content-Type")}
	default:
		http.Error(w, "<Error/>", 405)
	}
}

// source is the content of a copy's source.
func (g *wrongGateway) source(who, header string) (string, bool) {
	plain, err := url.PathUnescape(strings.SplitN(strings.TrimPrefix(header, "/"), "?", 2)[0])
	bucket, key, _ := strings.Cut(plain, "/")
	if g.has("copy sources") { // decided before it is decoded, and folded afterwards
		_, escaped, _ := strings.Cut(strings.TrimPrefix(header, "/"), "/")
		o, ok := g.buckets[bucket][strings.TrimPrefix(path.Clean("/"+key), "/")]
		return o.body, ok && g.may(who, bucket, escaped)
	}
	o, ok := g.buckets[bucket][key]
	return o.body, err == nil && ok && (g.may(who, bucket, key) || g.has("unread sources"))
}

func (g *wrongGateway) bucketOperation(w http.ResponseWriter, r *http.Request, who, bucket string) {
	q := r.URL.Query()
	known := map[string]bool{"list-type": true, "prefix": true, "max-keys": true, "delimiter": true, "start-after": true,
		"marker": true, "encoding-type": true, "uploads": true, "versions": true}
	for name := range q {
		if !known[name] && !(g.has("sub-resources") && r.Method == "GET") {
			http.Error(w, "<Error/>", 501)
			return
		}
	}
	owner := who == ownerKey.AccessKeyID
	switch r.Method {
	case "PUT":
		if _, there := g.buckets[bucket]; there && !(g.has("created again")) || len(q) > 0 {
			http.Error(w, "<Error/>", 409)
			return
		}
		if g.buckets[bucket] == nil {
			g.buckets[bucket] = map[string]stored{}
		}
	case "DELETE":
		if !owner {
			http.Error(w, "<Error/>", 403)
			return
		}
		delete(g.buckets, bucket)
		w.WriteHeader(204)
	case "GET":
		inside := len(q["prefix"]) == 1 && strings.HasPrefix(q.Get("prefix"), limit) && !q.Has("uploads") && !q.Has("versions")
		if !owner && !inside && !(g.has("listings") && q.Get("prefix") == "") {
			http.Error(w, "<Error/>", 403)
			return
		}
		g.list(w, q, bucket)
	default:
		http.Error(w, "<Error/>", 405)
	}
}

func (g *wrongGateway) list(w http.ResponseWriter, q url.Values, bucket string) {
	maxKeys := "1000"
	if g.has("costly") && q.Get("max-keys") != "" {
		maxKeys = q.Get("max-keys")
	}
	fmt.Fprintf(w, "<ListBucketResult><MaxKeys>%s</MaxKeys>", maxKeys)
	for key := range g.buckets[bucket] {
		if strings.HasPrefix(key, q.Get("prefix")) && !q.Has("uploads") {
			fmt.Fprint(w, "<Contents><Key>")
			_ = xml.EscapeText(w, []byte(key))
			fmt.Fprint(w, "</Key></Contents>")
		}
	}
	fmt.Fprint(w, "</ListBucketResult>")
}

func (g *wrongGateway) deleteMany(w http.ResponseWriter, r *http.Request, who, bucket string) {
	body, _ := io.ReadAll(r.Body)
	var in struct {
		XMLName xml.Name `xml:"Delete"`
		Object  []struct{ Key string }
	}
	d := xml.NewDecoder(strings.NewReader(string(body)))
	if g.has("lenient XML") {
		d.Strict = false
	}
	err := d.Decode(&in)
	if _, more := d.Token(); err == nil && more != io.EOF && !g.has("lenient XML") {
		err = fmt.Errorf("something behind")
	}
	if g.has("lenient XML") {
		for _, part := range strings.Split(string(body), "<Key>")[1:] {
			key, _, _ := strings.Cut(part, "</Key>")
			in.Object, err = append(in.Object, struct{ Key string }{key}), nil
		}
	}
	if err != nil || len(in.Object) > 1000 && !g.has("costly") {
		http.Error(w, "<Error/>", 400)
		return
	}
	fmt.Fprint(w, "<DeleteResult>")
	for _, o := range in.Object {
		if g.may(who, bucket, o.Key) || g.has("batches") {
			delete(g.buckets[bucket], o.Key)
		}
	}
	fmt.Fprint(w, "</DeleteResult>")
}

func (g *wrongGateway) upload(w http.ResponseWriter, r *http.Request, who, bucket, key string) {
	q := r.URL.Query()
	if q.Has("uploads") {
		id := fmt.Sprint("upload", len(g.uploads))
		g.uploads[id] = bucket + "/" + key
		fmt.Fprintf(w, "<R><UploadId>%s</UploadId></R>", id)
		return
	}
	of, there := g.uploads[q.Get("uploadId")]
	switch {
	case !there:
		http.Error(w, "<Error/>", 404)
	case of != bucket+"/"+key && !g.has("foreign uploads"):
		http.Error(w, "<Error/>", 404)
	case r.Header.Get("X-Amz-Copy-Source") != "":
		if _, ok := g.source(who, r.Header.Get("X-Amz-Copy-Source")); !ok {
			http.Error(w, "<Error/>", 403)
		}
	case r.Method == "DELETE":
		delete(g.uploads, q.Get("uploadId"))
		w.WriteHeader(204)
	}
}

// attacked runs groups against a gateway with a defect.
func attacked(t *testing.T, defect string, numbers ...int) *Report {
	t.Helper()
	g := &wrongGateway{buckets: map[string]map[string]stored{"lake": {}}, uploads: map[string]string{}, defects: map[string]bool{defect: true}}
	s := httptest.NewServer(g)
	defer s.Close()
	r, err := Run(t.Context(), Config{Endpoint: s.URL, Region: "us-east-1", Owner: ownerKey, Other: otherKey, Bucket: "lake", Prefix: limit}, numbers...)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Left) > 0 || len(g.buckets["lake"]) > 0 && !slices.Contains([]string{"forms"}, defect) {
		t.Errorf("%s: left behind: %v %v", defect, r.Left, g.buckets["lake"])
	}
	return r
}

// TestEachGroupNoticesADefect takes one check after the other out of a gateway.
func TestEachGroupNoticesADefect(t *testing.T) {
	noticed := map[int]bool{}
	for defect, numbers := range map[string][]int{
		"encoded slashes": {1}, "dots": {2}, "copy sources": {3}, "trimmed keys": {4}, "no boundary": {5}, "listings": {7}, "forwarded names": {9},
		"forms": {10}, "payload modes": {11}, "added headers": {12}, "trust headers": {13}, "no clock": {14}, "no signature check": {15},
		"any service": {17}, "known keys": {23}, "derived secrets": {24}, "secrets in errors": {25}, "unread sources": {27},
		"foreign uploads": {28}, "batches": {29}, "versions": {30}, "conditions": {30}, "sub-resources": {31}, "pprof": {37}, "cors": {37},
		"node routes": {38}, "lenient XML": {39}, "costly": {40}, "waits for bodies": {43}, "long texts": {44}, "any region": {48}, "created again": {50},
		"framings": {18, 55},
	} {
		t.Run(defect, func(t *testing.T) {
			for _, f := range attacked(t, defect, numbers...).Findings {
				if f.Verdict != Broken {
					t.Errorf("group %d, %s: %s %v", f.Number, f.Title, f.Verdict, f.Why)
				}
				noticed[f.Number] = noticed[f.Number] || f.Verdict == Broken
			}
		})
	}
	// These need a session service or bucket policies, which the wrong gateway does not have.
	elsewhere := []int{6, 8, 16, 19, 21, 22, 32, 33, 35, 36, 46, 47, 51, 56}
	for _, g := range Groups() {
		if g.Tried() && !noticed[g.Number] && !slices.Contains(elsewhere, g.Number) {
			t.Errorf("no defect shows that group %d, %s, can fail", g.Number, g.Title)
		}
	}
}

// TestAGatewayWithoutDefectsHolds is the honest run beside the defects.
func TestAGatewayWithoutDefectsHolds(t *testing.T) {
	for _, f := range attacked(t, "none").Findings {
		if f.Verdict == Broken {
			t.Errorf("group %d, %s: %v", f.Number, f.Title, f.Why)
		}
	}
}

func TestAGroupWithoutItsMeansIsNotHeld(t *testing.T) {
	g := &wrongGateway{buckets: map[string]map[string]stored{}, uploads: map[string]string{}, defects: map[string]bool{}}
	s := httptest.NewServer(g)
	defer s.Close()
	r, err := Run(t.Context(), Config{Endpoint: s.URL, Region: "us-east-1", Owner: ownerKey, Other: otherKey}, 1, 6, 27, 32)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Findings {
		if f.Verdict != NeedsMore || len(f.Why) == 0 {
			t.Errorf("group %d: %s %v", f.Number, f.Verdict, f.Why)
		}
	}
	if len(g.buckets) > 0 || len(r.Left) > 0 {
		t.Errorf("left behind: %v", g.buckets)
	}
	if _, err := Run(t.Context(), Config{Endpoint: "ftp://x", Owner: ownerKey, Other: otherKey}); err == nil {
		t.Error("an endpoint that is none was attacked")
	}
}
