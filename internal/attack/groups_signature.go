package attack

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

func lengthOf(s string) string { return strconv.Itoa(len(s)) }

// nobody checks that a request which nobody vouches for gets nothing and changes nothing.
func (t *trial) nobody(what string, q ask) {
	t.denied(what, t.send(t.ctx, t.owner, q))
}

// denied checks that an answer is a refusal, and shows no secret.
func (t *trial) denied(what string, a *answer) {
	t.leaks(what, a)
	if a.ok() {
		t.breaks("%s: it was accepted (%d)", what, a.status)
	}
}

// ownersHonest sends what must work beside attacks on signatures.
func (t *trial) ownersHonest() {
	if a := t.get(t.ctx, t.owner, t.out+"x"); !a.ok() || a.body != t.secret {
		t.lacks("the honest request fails: %s", told(a))
	}
}

func forms(t *trial) {
	t.ownersHonest()
	key := t.out + "posted"
	t.keys = append(t.keys, key)
	body := "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\n" + key +
		"\r\n--b\r\nContent-Disposition: form-data; " +
		"name=\"file\"; filename=\"f\"\r\n\r\nplanted\r\n--b--\r\n"
	for _, path := range []string{"/" + t.bucket, "/" + t.bucket + "/", t.path(key)} {
		for _, method := range []string{"POST", "PUT"} {
			t.denied(method+" "+path, t.send(t.ctx, nil, ask{method: method, path: path, body: body, anyone: true,
				header: map[string]string{"Content-Type": "multipart/form-data; boundary=b"}}))
		}
	}
	if t.get(t.ctx, t.owner, key).ok() {
		t.breaks("a form without a signature wrote %s", key)
	}
}

func payloadModes(t *trial) {
	t.ownersHonest()
	key := t.path(t.out + "payload")
	t.keys = append(t.keys, t.out+"payload")
	wrong := func(r *http.Request) {
		r.Header.Set("Authorization", flipped(r.Header.Get("Authorization")))
	}
	for _, mode := range []string{"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "UNSIGNED-PAYLOAD",
		"STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
		"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"} {
		h := map[string]string{"X-Amz-Content-Sha256": mode}
		if strings.HasPrefix(mode, "STREAMING") {
			h["X-Amz-Decoded-Content-Length"], h["Content-Encoding"] = "1", "aws-chunked"
		}
		body := "1\r\nx\r\n0\r\n\r\n"
		t.nobody(mode+" with a wrong signature", ask{method: "PUT", path: key, header: h, body: body, spoil: wrong})
		t.nobody(mode+" without one", ask{method: "PUT", path: key, header: h, body: body, anyone: true})
		q := url.Values{"X-Amz-Algorithm": {"AWS4-HMAC-SHA256"}, "X-Amz-Date": {time.Now().UTC().Format("20060102T150405Z")},
			"X-Amz-Credential": {t.owner.keys.AccessKeyID + "/" + time.Now().UTC().Format("20060102") + "/" + t.Region +
				"/s3/aws4_request"},
			"X-Amz-SignedHeaders": {"host"}, "X-Amz-Expires": {"60"}}
		t.nobody(mode+" with a credential in the query alone", ask{method: "PUT", path: key, query: q.Encode(), header: h,
			body: body, anyone: true})
	}
	chunks := map[string]string{"X-Amz-Content-Sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
		"X-Amz-Decoded-Content-Length": "1",
		"Content-Encoding":             "aws-chunked"}
	bad := strings.Repeat("0", 64)
	t.nobody("a chunk with a wrong signature", ask{method: "PUT", path: key, header: chunks,
		body: "1;chunk-signature=" + bad + "\r\nx\r\n0;chunk-signature=" + bad + "\r\n\r\n"})
	t.nobody("a hash that is not the body's", ask{method: "PUT", path: key, body: "x",
		header: map[string]string{"X-Amz-Content-Sha256": hashOf("another")}})
	if a := t.get(t.ctx, t.owner, t.out+"payload"); a.ok() {
		t.breaks("one of them wrote an object: %.40s", a.body)
	}
}

// flipped is an Authorization header with another signature.
func flipped(v string) string {
	if strings.HasSuffix(v, "0") {
		return v[:len(v)-1] + "1"
	}
	return v[:max(len(v)-1, 0)] + "0"
}

func addedHeaders(t *trial) {
	t.honest()
	key := t.in + "added"
	t.keys = append(t.keys, key)
	source := t.bucket + "/" + t.out + "x"
	for name, value := range map[string]string{"X-Amz-Copy-Source": source, "X-Amz-Tagging": "a=b",
		"X-Amz-Acl":        "public-read",
		"X-Amz-Meta-Owner": "root", "X-Amz-Website-Redirect-Location": "http://evil.example/",
		"X-Amz-Security-Token": "x", "X-Amz-Storage-Class": "GLACIER"} {
		a := t.send(t.ctx, t.owner, ask{method: "PUT", path: t.path(key), body: "x",
			unsigned: map[string]string{name: value}})
		t.tried++
		if a.ok() {
			t.breaks("%s was added after signing and the request was accepted", name)
		}
	}
	a := t.send(t.ctx, t.scoped, ask{method: "PUT", path: t.path(key),
		unsigned: map[string]string{"X-Amz-Copy-Source": source}})
	t.tried++
	if got := t.get(t.ctx, t.owner, key); strings.Contains(got.body, t.secret) {
		t.breaks("a copy source was added after signing, and the secret was copied (%d)", a.status)
	}
}

func trustHeaders(t *trial) {
	t.ownersHonest()
	for name, value := range map[string]string{"X-Seaweedfs-Principal": "admin", "X-Amz-Identity-Id": "admin",
		"X-Remote-User": "root",
		"X-Auth-User":   "admin", "X-Minio-Source-Replication-Request": "true", "X-Forwarded-User": "root",
		"X-Amz-Account-Id":  "123456789012",
		"X-Rustfs-Internal": "true", "X-Internal": "1", "X-Amz-Cf-Id": "x", "X-Auth-Token": "admin", "X-User": "root",
		"X-Access-Key": t.owner.keys.AccessKeyID} {
		h := map[string]string{name: value}
		t.denied(name+", unsigned", t.send(t.ctx, nil, ask{path: t.path(t.out + "x"), header: h, anyone: true}))
		t.denied(name+", by the other", t.send(t.ctx, t.stranger(), ask{path: t.path(t.out + "x"), header: h}))
	}
}

// stranger is the credential with the least rights that there is.
func (w *world) stranger() *actor {
	if w.scoped != nil {
		return w.scoped
	}
	return w.other
}

func outOfTime(t *trial) {
	t.ownersHonest()
	path := t.path(t.out + "x")
	t.nobody("signed an hour ago", ask{path: path, late: time.Hour})
	t.nobody("signed in an hour", ask{path: path, late: -time.Hour})
	t.nobody("signed yesterday", ask{path: path, late: 24 * time.Hour})
	for _, expires := range []string{"604801", "99999999", "0", "-1", "abc", "1e3"} {
		link, err := t.presign(t.ctx, t.owner, "GET", path, "X-Amz-Expires="+expires)
		if err == nil {
			t.denied("a link that lasts "+expires, t.follow(t.ctx, "GET", link))
		}
	}
	if link, err := t.presign(t.ctx, t.owner, "GET", path, "X-Amz-Expires=1"); err == nil {
		time.Sleep(2100 * time.Millisecond)
		t.denied("a link after its second", t.follow(t.ctx, "GET", link))
	}
}

func gaps(t *trial) {
	t.ownersHonest()
	path := t.path(t.out + "x")
	change := func(what, from, to string) {
		t.nobody(what, ask{path: path, spoil: func(r *http.Request) {
			v := r.Header.Get("Authorization")
			i := strings.Index(v, from)
			if i < 0 {
				return
			}
			end := strings.IndexByte(v[i:], ',')
			if end < 0 {
				end = len(v) - i
			}
			r.Header.Set("Authorization", v[:i]+to+v[i+end:])
		}})
	}
	change("no signed headers", "SignedHeaders=", "SignedHeaders=")
	change("an empty name among them", "SignedHeaders=", "SignedHeaders=;host")
	change("without host", "SignedHeaders=", "SignedHeaders=x-amz-date")
	change("no signature", "Signature=", "Signature=")
	change("a short signature", "Signature=", "Signature=00")
	t.nobody("a wrong signature", ask{path: path, spoil: func(r *http.Request) {
		r.Header.Set("Authorization", flipped(r.Header.Get("Authorization")))
	}})
	for _, v := range []string{"AWS " + t.owner.keys.AccessKeyID + ":AAAA", "AWS4-HMAC-SHA256",
		"AWS4-ECDSA-P256-SHA256 Credential=x, SignedHeaders=host, Signature=00",
		"Bearer x", "Basic YTpi", "AWS4-HMAC-SHA256 Credential=" + t.owner.keys.AccessKeyID} {
		t.nobody(v, ask{path: path, anyone: true, header: map[string]string{"Authorization": v}})
	}
	t.nobody("Signature Version 2 in the query", ask{path: path, anyone: true,
		query: "AWSAccessKeyId=" + url.QueryEscape(t.owner.keys.AccessKeyID) + "&Expires=99999999999&Signature=AAAA"})
	t.nobody("a secret that is not the key's", ask{path: path, anyone: true})
	wrong := &actor{"another secret", aws.Credentials{AccessKeyID: t.owner.keys.AccessKeyID, SecretAccessKey: "x" +
		t.owner.keys.SecretAccessKey}}
	t.denied("another secret", t.send(t.ctx, wrong, ask{path: path}))
	if link, err := t.presign(t.ctx, t.owner, "GET", path, "X-Amz-Expires=60"); err == nil {
		t.denied("a parameter twice", t.follow(t.ctx, "GET", link+"&X-Amz-Expires=600000"))
		t.denied("a parameter more", t.follow(t.ctx, "GET", link+"&versionId=null"))
		t.denied("another key", t.follow(t.ctx, "GET", strings.Replace(link, "/x?", "/y?", 1)))
		t.denied("another method", t.follow(t.ctx, "DELETE", link))
		t.intact("a link with another method")
	}
}

func foreignTokens(t *trial) {
	path := t.path(t.in + "x")
	t.honest()
	s := t.scoped.keys
	for what, k := range map[string]aws.Credentials{
		"without the token": {AccessKeyID: s.AccessKeyID, SecretAccessKey: s.SecretAccessKey},
		"with a changed token": {AccessKeyID: s.AccessKeyID, SecretAccessKey: s.SecretAccessKey,
			SessionToken: flipped(s.SessionToken)},
		"with a token and a line": {AccessKeyID: s.AccessKeyID, SecretAccessKey: s.SecretAccessKey,
			SessionToken: s.SessionToken + "AA"},
		"with the owner's key": {AccessKeyID: t.owner.keys.AccessKeyID, SecretAccessKey: t.owner.keys.SecretAccessKey,
			SessionToken: s.SessionToken},
		"with another secret": {AccessKeyID: s.AccessKeyID, SecretAccessKey: t.other.keys.SecretAccessKey,
			SessionToken: s.SessionToken},
	} {
		t.denied(what, t.send(t.ctx, &actor{what, k}, ask{path: path}))
	}
}

func otherUses(t *trial) {
	t.ownersHonest()
	path := t.path(t.out + "x")
	for _, service := range []string{"sts", "iam", "execute-api", "S3", "s3x"} {
		t.nobody("signed for "+service, ask{path: path, service: service})
	}
	t.nobody("another host", ask{path: path, spoil: func(r *http.Request) { r.Host = "evil.example" }})
	t.nobody("another method", ask{path: t.path(t.out + "none"), method: "PUT",
		spoil: func(r *http.Request) { r.Method = "POST" }})
	t.nobody("another path", ask{path: t.path(t.out + "y"), spoil: func(r *http.Request) {
		r.URL.Path,
			r.URL.RawPath = path, path
	}})
	t.tried++
	a := t.send(t.ctx, t.owner, ask{method: "DELETE", path: t.path(t.out + "none"),
		spoil: func(r *http.Request) { r.URL.Path, r.URL.RawPath = path, path }})
	_ = a
	t.intact("a DELETE that was signed for another key")
	form := url.Values{"Action": {"GetCallerIdentity"}, "Version": {"2011-06-15"}}
	t.nobody("an S3 signature at STS", ask{method: "POST", path: "/", body: form.Encode(), service: "s3",
		header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}})
}
