package attack

import (
	"archive/tar"
	"bytes"
	"net/url"
	"strings"
)

// leaks checks that an answer shows no secret.
func (t *trial) leaks(what string, a *answer) {
	t.tried++
	if strings.Contains(a.body, t.secret) {
		t.breaks("%s: the secret was served", what)
	}
}

// honest sends what must work beside the attacks.
func (t *trial) honest() {
	if a := t.get(t.ctx, t.scoped, t.in+"x"); !a.ok() || a.body != inside {
		t.lacks("the honest request fails: %s", told(a))
	}
}

// reads gets raw paths as the limited credential. None may show a secret.
func (t *trial) reads(paths ...string) {
	t.honest()
	for _, p := range paths {
		for _, method := range []string{"GET", "HEAD"} {
			a := t.send(t.ctx, t.scoped, ask{method: method, path: p})
			t.leaks(method+" "+p, a)
			if method == "HEAD" && a.ok() && a.header.Get("Content-Length") == lengthOf(t.secret) {
				t.breaks("HEAD %s: it shows an object outside", p)
			}
		}
	}
}

func encodedSlashes(t *trial) {
	b, in, out := "/"+t.bucket, strings.TrimSuffix(t.in, "/"), strings.TrimSuffix(t.out, "/")
	t.reads(b+"/"+out+"%2Fx", b+"%2F"+out+"/x", b+"%2f"+out+"%2fx", b+"/"+in+"%2F..%2F..%2F"+out+"%2Fx",
		b+"/"+in+"/..%2F..%2F"+out+"%2Fx", b+"/"+in+"%252F..%252F..%252F"+out+"%252Fx", b+"/"+percent(out)+"/x",
		b+"/"+in+"%5C..%5C..%5C"+out+"%5Cx", b+"/"+in+"%2f%2e%2e%2f%2e%2e%2f"+out+"%2fx", b+"%00/"+out+"/x")
}

func percent(s string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		b.WriteString("%" + string(digits[s[i]>>4]) + string(digits[s[i]&15]))
	}
	return b.String()
}

func dotSegments(t *trial) {
	b, in, out := "/"+t.bucket, strings.TrimSuffix(t.in, "/"), strings.TrimSuffix(t.out, "/")
	t.reads(b+"/"+in+"/../../"+out+"/x", b+"/"+in+"/../../../"+t.bucket+"/"+out+"/x", b+"/./"+out+"/x", b+"//"+out+"/x",
		"/./"+t.bucket+"/"+out+"/x", "/../"+t.bucket+"/"+out+"/x", "//"+t.bucket+"/"+out+"/x",
		b+"/"+in+"/%2e%2e/%2e%2e/"+out+"/x", b+"/"+in+"/.%2e/.%2e/"+out+"/x", b+"/"+in+"/..//../"+out+"/x",
		b+"/"+in+"/...//../../"+out+"/x")
	// A write to such a key must not change what lies outside.
	for _, p := range []string{b + "/" + in + "/../../" + out + "/x", b + "/" + in + "/%2e%2e%2f%2e%2e%2f" + out +
		"%2fx"} {
		for _, method := range []string{"PUT", "DELETE"} {
			t.tried++
			t.send(t.ctx, t.scoped, ask{method: method, path: p, body: map[string]string{"PUT": "planted"}[method]})
			t.intact(method + " " + p)
		}
	}
}

// intact checks that the object outside is as it was, and puts it back.
func (t *trial) intact(what string) {
	if a := t.get(t.ctx, t.owner, t.out+"x"); a.status == 404 || a.ok() && a.body != t.secret {
		t.breaks("%s: the object outside was changed", what)
		t.put(t.ctx, t.owner, t.out+"x", t.secret)
	}
}

// copies lets the limited credential copy from a source, and looks at what came of it.
func (t *trial) copies(source string, header map[string]string) {
	to := t.in + "copied"
	t.keys = append(t.keys, to)
	h := map[string]string{"X-Amz-Copy-Source": source}
	for k, v := range header {
		h[k] = v
	}
	t.tried++
	a := t.send(t.ctx, t.scoped, ask{method: "PUT", path: t.path(to), header: h})
	if got := t.get(t.ctx, t.owner, to); strings.Contains(got.body, t.secret) {
		t.breaks("copy from %s: the secret was copied (%d)", source, a.status)
	}
	t.send(t.ctx, t.owner, ask{method: "DELETE", path: t.path(to)})
}

func copySources(t *trial) {
	t.honest()
	b, in, out := t.bucket, strings.TrimSuffix(t.in, "/"), strings.TrimSuffix(t.out, "/")
	for _, source := range []string{
		b + "/" + in + "/../../" + out + "/x", b + "/" + in + "/..%2F..%2F" + out + "%2Fx",
		b + "/" + in + "%2F..%2F..%2F" + out + "%2Fx", "/" + b + "/" + in + "/%2e%2e/%2e%2e/" + out + "/x",
		b + "/" + out + "/x%3FversionId=null", b + "/" + in + "/x?versionId=null&x=/" + out + "/x",
		b + "/" + out + "%2Fx", "//" + b + "/" + out + "/x", b + "//" + out + "/x", url.PathEscape(b + "/" + out + "/x"),
		b + "/" + in + "/%252e%252e/%252e%252e/" + out + "/x", b + "/" + out + "/x?versionId=",
	} {
		t.copies(source, nil)
	}
}

func strangeKeys(t *trial) {
	out := strings.TrimSuffix(t.out, "/")
	b := "/" + t.bucket + "/"
	t.reads(b+"/"+out+"/x", b+"%5C"+out+"%5Cx", b+strings.ToUpper(out)+"/x", b+"%20"+out+"/x", b+out+"/x%20", b+out+"/x.",
		b+out+"%E2%88%95x", b+out+"/%78", b+out+"/x%00", b+"%C0%AE%C0%AE/"+out+"/x", b+out+"/x%c0%80", b+out+"%EF%BC%8Fx",
		b+out+"/x%2500", b+out+";a/x")
}

func siblings(t *trial) {
	t.reads(t.path(t.sibling+"x"), t.path(t.out+"x"))
	for _, k := range []string{t.sibling + "planted", t.out + "planted"} {
		t.tried++
		if t.put(t.ctx, t.scoped, k, "planted").ok() {
			t.breaks("a write to %s was accepted", k)
			t.keys = append(t.keys, k)
		}
	}
}

func wildcards(t *trial) {
	dir := "wild-" + strings.TrimSuffix(t.out, "/")
	for _, k := range []string{dir + "/a*b/x", dir + "/aXXb/x", dir + "/q?/x", dir + "/qZ/x"} {
		text := t.secret
		if strings.ContainsAny(k, "*?") {
			text = inside
		}
		t.put(t.ctx, t.owner, k, text)
	}
	for escaped, keys := range map[string][2]string{
		dir + "/a${*}b/": {dir + "/a*b/x", dir + "/aXXb/x"}, dir + "/q${?}/": {dir + "/q?/x", dir + "/qZ/x"},
	} {
		s := t.assume(t.ctx, t.other, t.sessionPolicy(escaped))
		if s == nil {
			t.lacks("a session policy with an escaped wildcard is refused: such prefixes must not be granted here")
		}
		if a := t.get(t.ctx, s, keys[0]); !a.ok() {
			t.lacks("the honest request fails: %s", told(a))
		}
		t.leaks(keys[1], t.get(t.ctx, s, keys[1]))
	}
}

// lists checks that the answer to a listing names nothing outside the scope.
func (t *trial) lists(query string) {
	a := t.send(t.ctx, t.scoped, ask{path: "/" + t.bucket, query: query})
	t.tried++
	for _, name := range a.listing().names() {
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
		if strings.HasPrefix(name, t.out) || strings.HasPrefix(name, t.sibling) {
			t.breaks("?%s names %s", query, name)
		}
	}
}

func listings(t *trial) {
	t.honest()
	stem := url.QueryEscape(strings.TrimSuffix(t.scope, "/"))
	out := url.QueryEscape(t.out)
	for _, q := range []string{"list-type=2", "", "prefix=", "list-type=2&prefix=" + out, "prefix=" + out,
		"list-type=2&delimiter=%2F",
		"list-type=2&prefix=" + stem, "list-type=2&prefix=" + stem + "&delimiter=%2F", "list-type=2&start-after=" + out,
		"marker=" + out,
		"versions=", "versions=&prefix=" + out, "uploads=", "list-type=2&encoding-type=url", "list-type=2&prefix=%2F",
		"list-type=2&prefix=" + url.QueryEscape(t.scope) + "..%2F", "list-type=2&prefix=" + url.QueryEscape(t.in) +
			"&prefix=",
		"list-type=2&Prefix=" + url.QueryEscape(t.in), "list-type=2&prefix=" + url.QueryEscape(t.in) + "%00",
		"list-type=2&prefix=*", "list-type=2&prefix=" + url.QueryEscape(t.in) + "&start-after=" + out,
		"list-type=2&prefix=" + url.QueryEscape(t.in) + "&continuation-token=" + url.QueryEscape("MQ==")} {
		t.lists(q)
	}
}

func archives(t *trial) {
	t.honest()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range []string{"../../" + t.out + "unpacked", "/" + t.out + "unpacked", t.out + "unpacked"} {
		_ = w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: 7, Typeflag: tar.TypeReg})
		_, _ = w.Write([]byte("planted"))
	}
	_ = w.Close()
	t.keys = append(t.keys, t.in+"a.tar", t.out+"unpacked")
	for _, name := range []string{"X-Amz-Meta-Snowball-Auto-Extract", "X-Amz-Snowball-Extract", "X-Minio-Extract"} {
		t.tried++
		t.send(t.ctx, t.scoped, ask{method: "PUT", path: t.path(t.in + "a.tar"), body: b.String(),
			header: map[string]string{name: "true"}})
		if t.get(t.ctx, t.owner, t.out+"unpacked").ok() {
			t.breaks("%s: an entry was unpacked outside", name)
		}
	}
}

func forwardedNames(t *trial) {
	t.honest()
	secret := t.path(t.out + "x")
	for name, value := range map[string]string{"X-Forwarded-Host": t.bucket + "." + t.endpoint.Host,
		"X-Original-Url": secret,
		"X-Rewrite-Url":  secret, "X-Forwarded-Path": secret, "X-Forwarded-Prefix": "/" + t.bucket, "X-Original-Uri": secret,
		"Forwarded": "host=" + t.bucket + "." + t.endpoint.Host} {
		t.leaks(name, t.send(t.ctx, t.scoped, ask{path: t.path(t.in + "x"), header: map[string]string{name: value}}))
		t.leaks(name+", unsigned", t.send(t.ctx, t.scoped, ask{path: t.path(t.in + "x"),
			unsigned: map[string]string{name: value}}))
	}
}
