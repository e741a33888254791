package attack

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// world is a scratch bucket with something inside the limited credential's prefix and secrets outside of it.
type world struct {
	Config
	endpoint *url.URL
	http     *http.Client

	bucket   string
	made     bool   // the run made the bucket
	scope    string // the prefix to which scoped is limited, such as in/
	in, out  string // folders of the run's own: within the scope, and outside
	sibling  string // a folder whose name begins like the scope's
	secret   string // the content of everything outside
	scopedBy string

	owner, other *actor
	scoped       *actor // nil: there is none
	hasPolicies  bool
	keys         []string // that the run wrote
}

const inside = "this is inside"

func newWorld(ctx context.Context, c Config) (*world, error) {
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" {
		return nil, fmt.Errorf("the endpoint %q is not like http://host:port", c.Endpoint)
	}
	u.Path = ""
	run := strings.ToLower(rand.Text()[:10])
	w := &world{
		Config: c, endpoint: u, bucket: or(c.Bucket, "latchkey-attack-"+run), made: c.Bucket == "", scope: or(c.Prefix,
			"in/"),
		secret: "secret " + rand.Text(), owner: &actor{"the owner", c.Owner}, other: &actor{"the other", c.Other},
		http: &http.Client{
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true,
				ResponseHeaderTimeout: maxRequest, Proxy: http.ProxyFromEnvironment},
		},
	}
	w.in, w.out = w.scope+run+"/", "out-"+run+"/"
	w.sibling = strings.TrimSuffix(w.scope, "/") + "2-" + run + "/"
	if w.made {
		if a := w.send(ctx, w.owner, ask{method: "PUT", path: "/" + w.bucket}); !a.ok() {
			return nil, fmt.Errorf("the scratch bucket %s cannot be made: %s", w.bucket, told(a))
		}
	}
	for _, k := range []string{w.in + "x", w.in + "y", w.out + "x", w.sibling + "x"} {
		text := w.secret
		if strings.HasPrefix(k, w.in) {
			text = inside
		}
		if a := w.put(ctx, w.owner, k, text); !a.ok() {
			left := w.cleanUp(ctx)
			return nil, fmt.Errorf("the owner cannot write %s: %s %v", k, told(a), left)
		}
	}
	w.limit(ctx)
	return w, nil
}

func told(a *answer) string {
	if a.err != nil {
		return a.err.Error()
	}
	return fmt.Sprintf("%d %.200s", a.status, a.body)
}

// limit makes the credential that is limited to the scope, by the first way that there is and that works.
func (w *world) limit(ctx context.Context) {
	switch {
	case w.Bucket != "" && w.Prefix != "":
		w.scoped, w.scopedBy = w.other, "given"
	case w.Role != "":
		if s := w.assume(ctx, w.other, w.sessionPolicy(w.scope)); s != nil {
			w.scoped, w.scopedBy = s, "a session policy"
		}
	}
	if w.Principal == "" {
		return
	}
	w.hasPolicies = w.setPolicy(ctx, w.allowScope()) && w.send(ctx, w.other, ask{path: w.path(w.in + "x")}).ok()
	if w.scoped == nil && w.hasPolicies {
		w.scoped, w.scopedBy = w.other, "a bucket policy"
	}
}

// allowScope is a statement of a bucket policy that limits the other to the scope.
func (w *world) allowScope() []object {
	all := "arn:aws:s3:::" + w.bucket
	return []object{
		{"Effect": "Allow", "Principal": object{"AWS": w.Principal},
			"Action":   []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"},
			"Resource": all + "/" + w.scope + "*"},
	}
}

type object = map[string]any

// setPolicy replaces the bucket's policy.
func (w *world) setPolicy(ctx context.Context, statements []object) bool {
	text, err := json.Marshal(object{"Version": "2012-10-17", "Statement": statements})
	return err == nil && w.trySetting(ctx, string(text)).ok()
}

func (w *world) trySetting(ctx context.Context, policy string) *answer {
	return w.send(ctx, w.owner, ask{method: "PUT", path: "/" + w.bucket, query: "policy=", body: policy,
		header: map[string]string{"Content-MD5": md5Of(policy)}})
}

// sessionPolicy limits a session to a prefix of the bucket, and lets it list there.
func (w *world) sessionPolicy(prefix string) string {
	all := "arn:aws:s3:::" + w.bucket
	text, _ := json.Marshal(object{"Version": "2012-10-17", "Statement": []object{
		{"Effect": "Allow", "Resource": all + "/" + prefix + "*",
			"Action": []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"}},
		{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": all,
			"Condition": object{"StringLike": object{"s3:prefix": prefix + "*"}}},
	}})
	return string(text)
}

var credentialsForm = regexp.MustCompile(`<(AccessKeyId|SecretAccessKey|SessionToken)>([^<]+)<`)

// assume makes a session of the role. It returns nil if that is refused.
func (w *world) assume(ctx context.Context, who *actor, policy string) *actor {
	form := url.Values{"Action": {"AssumeRole"}, "Version": {"2011-06-15"}, "RoleArn": {w.Role},
		"RoleSessionName": {"attack"}, "DurationSeconds": {"900"}}
	if policy != "" {
		form.Set("Policy", policy)
	}
	a := w.sts(ctx, who, form)
	found := map[string]string{}
	for _, m := range credentialsForm.FindAllStringSubmatch(a.body, -1) {
		found[m[1]] = m[2]
	}
	if !a.ok() || len(found) != 3 {
		return nil
	}
	return &actor{"the session", aws.Credentials{AccessKeyID: found["AccessKeyId"],
		SecretAccessKey: found["SecretAccessKey"], SessionToken: found["SessionToken"]}}
}

// sts posts a form to STS. who is nil for an unsigned one.
func (w *world) sts(ctx context.Context, who *actor, form url.Values) *answer {
	return w.send(ctx, who, ask{method: "POST", path: "/", service: "sts", body: form.Encode(), anyone: who == nil,
		header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}})
}

func (w *world) put(ctx context.Context, who *actor, key, text string) *answer {
	if who == w.owner && !slices.Contains(w.keys, key) {
		w.keys = append(w.keys, key)
	}
	return w.send(ctx, who, ask{method: "PUT", path: w.path(key), body: text})
}

// path is the path of a key with its slashes as they are.
func (w *world) path(key string) string {
	return "/" + w.bucket + "/" + strings.ReplaceAll(canonical(url.PathEscape(key)), "%2F", "/")
}

func (w *world) get(ctx context.Context, who *actor, key string) *answer {
	return w.send(ctx, who, ask{path: w.path(key)})
}

type listing struct {
	Contents       []struct{ Key string }
	CommonPrefixes []struct{ Prefix string }
	Version        []struct{ Key, VersionId string }
	DeleteMarker   []struct{ Key, VersionId string }
	Upload         []struct{ Key, UploadId string }
}

// names are all keys that a listing shows, and the beginnings of keys.
func (l *listing) names() (all []string) {
	for _, o := range l.Contents {
		all = append(all, o.Key)
	}
	for _, p := range l.CommonPrefixes {
		all = append(all, p.Prefix)
	}
	for _, v := range append(l.Version, l.DeleteMarker...) {
		all = append(all, v.Key)
	}
	for _, u := range l.Upload {
		all = append(all, u.Key)
	}
	return all
}

func (a *answer) listing() (l *listing) {
	l = &listing{}
	_ = xml.Unmarshal([]byte(a.body), l)
	return l
}

// cleanUp removes what the run wrote, and the bucket if the run made it. It returns what is left.
func (w *world) cleanUp(ctx context.Context) (left []string) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	b := "/" + w.bucket
	if w.made {
		w.send(ctx, w.owner, ask{method: "DELETE", path: b, query: "policy="})
		for _, u := range w.send(ctx, w.owner, ask{path: b, query: "uploads="}).listing().Upload {
			w.send(ctx, w.owner, ask{method: "DELETE", path: w.path(u.Key), query: "uploadId=" + url.QueryEscape(u.UploadId)})
		}
		for _, o := range w.send(ctx, w.owner, ask{path: b, query: "list-type=2&max-keys=1000"}).listing().Contents {
			if !slices.Contains(w.keys, o.Key) {
				w.keys = append(w.keys, o.Key)
			}
		}
	}
	for _, k := range w.keys {
		a := w.send(ctx, w.owner, ask{method: "DELETE", path: w.path(k)})
		if a.err != nil || a.status >= 400 && a.status != 404 {
			left = append(left, "s3://"+w.bucket+"/"+k)
		}
	}
	if w.made {
		if a := w.send(ctx, w.owner, ask{method: "DELETE", path: b}); !a.ok() {
			left = append(left, "s3://"+w.bucket)
		}
	}
	return left
}
