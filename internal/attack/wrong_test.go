package attack

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
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
	case g.has("node routes") && r.URL.Path == "/internal", g.has("pprof") && strings.HasPrefix(r.URL.Path,
		"/debug/pprof"):
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
	hop := ""
	if g.has("dropped headers") {
		hop = r.Header.Get("Connection")
		r.Header.Del("Connection")
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
	r.Header.Del(hop)
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
	secret := map[string]string{ownerKey.AccessKeyID: ownerKey.SecretAccessKey,
		otherKey.AccessKeyID: otherKey.SecretAccessKey}[s.AccessKeyID]
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
