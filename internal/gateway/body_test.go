package gateway_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// chunked writes aws-chunked bodies, as a client that may cheat.
type chunked struct {
	mode     string // x-amz-content-sha256
	parts    []string
	decoded  string // x-amz-decoded-content-length; empty: the right one; "-": none
	announce string // x-amz-trailer
	trailer  string // "name:value"
	cheat    func(body string) string
	badChunk int // this chunk's signature (from 1) is wrong
	badEnd   bool
	unsigned bool // the trailer's signature is left out
	badTrail bool
}

const (
	signedChunks    = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	signedTrailer   = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
	unsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
)

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// put sends the body in chunks.
func (c chunked) put(w *world, k awsKeys, path string) *answer {
	w.t.Helper()
	content := strings.Join(c.parts, "")
	if c.decoded == "" {
		c.decoded = fmt.Sprint(len(content))
	}
	h := header("Content-Encoding", "aws-chunked")
	if c.decoded != "-" {
		h.Set("X-Amz-Decoded-Content-Length", c.decoded)
	}
	if c.announce != "" {
		h.Set("X-Amz-Trailer", c.announce)
	}
	// The length is signed, so the length of the body must be known before. It does not depend on the signatures.
	length := len(c.body(k, strings.Repeat("0", 64), "20260101T000000Z"))
	r := w.request(k, ask{method: "PUT", path: path, header: h, hash: c.mode, body: strings.Repeat("x", length)})
	_, seed, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
	body := c.body(k, seed, r.Header.Get("X-Amz-Date"))
	next, err := http.NewRequestWithContext(w.t.Context(), "PUT", "/", strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	next.URL, next.Header, next.Host = r.URL, r.Header, r.Host
	resp, err := w.http.Do(next)
	if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		// The server refuses a large body before its end. The answer was sent, and may be lost with the connection.
		return &answer{status: http.StatusBadRequest, code: "reset"}
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return w.read(resp)
}

func (c chunked) body(k awsKeys, seed, date string) string {
	scope := date[:8] + "/" + region + "/s3/aws4_request"
	key := mac(mac(mac(mac([]byte("AWS4"+k.SecretAccessKey), date[:8]), region), "s3"), "aws4_request")
	previous := seed
	sign := func(kind, extra, text string, wrong bool) string {
		sig := hex.EncodeToString(mac(key, kind+"\n"+date+"\n"+scope+"\n"+previous+"\n"+extra+digest(text)))
		if wrong {
			sig = strings.Repeat("0", 64)
		}
		previous = sig
		return sig
	}
	var b strings.Builder
	for i, part := range append(append([]string{}, c.parts...), "") {
		fmt.Fprintf(&b, "%x", len(part))
		if c.mode != unsignedTrailer {
			wrong := c.badChunk == i+1 || part == "" && c.badEnd
			b.WriteString(";chunk-signature=" + sign("AWS4-HMAC-SHA256-PAYLOAD", digest("")+"\n", part, wrong))
		}
		b.WriteString("\r\n")
		if part != "" {
			b.WriteString(part + "\r\n")
		}
	}
	if c.trailer != "" {
		b.WriteString(c.trailer + "\r\n")
		if c.mode == signedTrailer && !c.unsigned {
			b.WriteString("x-amz-trailer-signature:" + sign("AWS4-HMAC-SHA256-TRAILER", "", c.trailer+"\n", c.badTrail) + "\r\n")
		}
	}
	b.WriteString("\r\n")
	if c.cheat != nil {
		return c.cheat(b.String())
	}
	return b.String()
}

func crc(content string) string {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], crc32.ChecksumIEEE([]byte(content)))
	return "x-amz-checksum-crc32:" + base64.StdEncoding.EncodeToString(b[:])
}

// TestAttack11_EveryPayloadModeIsChecked sends every mode right, then wrong in every way. A wrong body leaves the old
// object as it was, and makes no new one.
func TestAttack11_EveryPayloadModeIsChecked(t *testing.T) {
	w := start(t)
	w.bucket(w.root, "lake")
	k := w.user("alice", everything)
	for size, parts := range map[string][]string{
		"small": {"hello ", "world"},
		"large": {strings.Repeat("a", 64<<10), strings.Repeat("b", 64<<10), strings.Repeat("c", 300<<10)},
	} {
		content := strings.Join(parts, "")
		right := map[string]chunked{
			"signed":           {mode: signedChunks, parts: parts},
			"signed, trailer":  {mode: signedTrailer, parts: parts, announce: "x-amz-checksum-crc32", trailer: crc(content)},
			"unsigned trailer": {mode: unsignedTrailer, parts: parts, announce: "x-amz-checksum-crc32", trailer: crc(content)},
		}
		for name, c := range right {
			path := "/lake/" + escape(size+name)
			served(t, size+" "+name, c.put(w, k, path))
			if got := w.get(k, path); got.body != content ||
				strings.Contains(got.header.Get("Content-Encoding"), "aws-chunked") {
				t.Errorf("%s %s: read %d bytes, want %d", size, name, len(got.body), len(content))
			}
		}
		s, st, ut := right["signed"], right["signed, trailer"], right["unsigned trailer"]
		with := func(c chunked, f func(*chunked)) chunked { f(&c); return c }
		wrong := map[string]chunked{
			"first chunk's signature":  with(s, func(c *chunked) { c.badChunk = 1 }),
			"second chunk's signature": with(s, func(c *chunked) { c.badChunk = 2 }),
			"last chunk's signature":   with(s, func(c *chunked) { c.badEnd = true }),
			"no last chunk": with(s, func(c *chunked) {
				c.cheat = func(b string) string { return b[:strings.LastIndex(b, "0;chunk-signature")] }
			}),
			"bytes after the end": with(s, func(c *chunked) { c.cheat = func(b string) string { return b + "more" } }),
			"a changed byte": with(s, func(c *chunked) {
				c.cheat = func(b string) string { return strings.Replace(b, parts[1][:1], "X", 1) }
			}),
			"a longer announced length":   with(s, func(c *chunked) { c.decoded = fmt.Sprint(len(content) + 1) }),
			"a shorter announced length":  with(s, func(c *chunked) { c.decoded = fmt.Sprint(len(content) - 1) }),
			"no announced length":         with(s, func(c *chunked) { c.decoded = "-" }),
			"an announced length of zero": with(s, func(c *chunked) { c.decoded = "0" }),
			"a wrong checksum":            with(st, func(c *chunked) { c.trailer = crc("other") }),
			"a wrong trailer signature":   with(st, func(c *chunked) { c.badTrail = true }),
			"no trailer signature":        with(st, func(c *chunked) { c.unsigned = true }),
			"no trailer":                  with(st, func(c *chunked) { c.trailer = "" }),
			"another trailer": with(st, func(c *chunked) {
				c.trailer = strings.Replace(crc(content), "crc32", "sha1", 1)
			}),
			"a trailer chunk's signature": with(st, func(c *chunked) { c.badChunk = 2 }),
			"an unsigned wrong checksum":  with(ut, func(c *chunked) { c.trailer = crc("other") }),
			"an unsigned missing trailer": with(ut, func(c *chunked) { c.trailer = "" }),
			"an unsigned trailer unasked": with(ut, func(c *chunked) { c.announce = "" }),
			"an unsigned second trailer":  with(ut, func(c *chunked) { c.trailer += "\r\nx-amz-meta-a:b" }),
			"an unsigned long length":     with(ut, func(c *chunked) { c.decoded = fmt.Sprint(len(content) + 1) }),
			"an unsigned short length":    with(ut, func(c *chunked) { c.decoded = fmt.Sprint(len(content) - 1) }),
			"a chunk longer than it is":   with(ut, func(c *chunked) { c.cheat = func(b string) string { return "f" + b } }),
			"a negative chunk": with(ut, func(c *chunked) {
				c.cheat = func(b string) string { return "-1\r\n" + b }
			}),
			"signed chunks without theirs": {mode: signedChunks, parts: parts, cheat: func(string) string {
				return chunked{mode: unsignedTrailer, parts: parts}.body(k, "", "20260101T000000Z")
			}},
			"a body that is not in chunks": with(ut, func(c *chunked) { c.cheat = func(string) string { return content } }),
			"an empty body": with(ut, func(c *chunked) {
				c.cheat = func(string) string { return "" }
				c.decoded = "0"
			}),
			"an unknown mode":               {mode: "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", parts: parts},
			"a mode of nobody":              {mode: "STREAMING-UNSIGNED-PAYLOAD", parts: parts},
			"chunks in an unsigned payload": {mode: "UNSIGNED-PAYLOAD", parts: parts},
		}
		w.object("/lake/old", "old")
		for name, c := range wrong {
			for _, path := range []string{"/lake/old", "/lake/new"} {
				if got := c.put(w, k, path); got.status != 400 && got.status != 403 && got.status != 411 {
					t.Errorf("%s, %s at %s: %v", size, name, path, got)
				}
			}
			if w.content("/lake/old") != "old" || w.exists("/lake/new") {
				t.Fatalf("%s, %s: it was stored", size, name)
			}
		}
		t.Run(size+" parts of an upload", func(t *testing.T) {
			id := w.upload(k, "/lake/m")
			for name, c := range wrong {
				if got := c.put(w, k, "/lake/m?partNumber=1&uploadId="+id); got.status < 400 {
					t.Errorf("%s: %v", name, got)
				}
			}
			if got := w.get(k, "/lake/m?uploadId="+id); strings.Contains(got.body, "<PartNumber>") {
				t.Errorf("a part was stored: %s", got.body)
			}
			served(t, "beside", s.put(w, k, "/lake/m?partNumber=1&uploadId="+id))
		})
	}
}

// TestBodiesThatAreNotWhatWasSaid sends a wrong hash, length, Content-MD5 and checksum. None of these requests stores
// anything.
func TestBodiesThatAreNotWhatWasSaid(t *testing.T) {
	w := start(t)
	w.bucket(w.root, "lake")
	w.object("/lake/old", "old")
	md5 := "XUFAKrxLKna5cZ2REBfFkg==" // of hello
	for name, x := range map[string]struct {
		a    ask
		code string
	}{
		"another hash":        {ask{body: "hello", hash: digest("other")}, "XAmzContentSHA256Mismatch"},
		"hash of nothing":     {ask{body: "hello", hash: digest("")}, "XAmzContentSHA256Mismatch"},
		"nothing with a hash": {ask{body: "", hash: digest("hello")}, "XAmzContentSHA256Mismatch"},
		"no hash":             {ask{body: "hello", hash: "x"}, "InvalidArgument"},
		"another MD5":         {ask{body: "other", header: header("Content-Md5", md5)}, "BadDigest"},
		"no MD5":              {ask{body: "hello", header: header("Content-Md5", "xx")}, "InvalidDigest"},
		"another checksum": {ask{
			body:   "hello",
			header: header("X-Amz-Checksum-Crc32", strings.TrimPrefix(crc("other"), "x-amz-checksum-crc32:")),
		}, "BadDigest"},
		"two checksums": {ask{
			body: "hello",
			header: header("X-Amz-Checksum-Crc32", strings.TrimPrefix(crc("hello"), "x-amz-checksum-crc32:"),
				"X-Amz-Checksum-Sha256", "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="),
		}, "InvalidRequest"},
	} {
		for _, path := range []string{"/lake/old", "/lake/new"} {
			x.a.method, x.a.path = "PUT", path
			refused(t, name, w.do(w.root, x.a), 400, x.code, "")
		}
	}
	served(t, "the right MD5",
		w.do(w.root, ask{method: "PUT", path: "/lake/md5", body: "hello", header: header("Content-Md5", md5)}))
	for name, hash := range map[string]string{"hashed": digest(strings.Repeat("x", 10)), "unsigned": "UNSIGNED-PAYLOAD"} {
		for _, size := range []int{10, 400 << 10} {
			body := strings.Repeat("x", size)
			if name == "hashed" {
				hash = digest(body)
			}
			for _, framing := range []string{fmt.Sprintf("Content-Length: %d", size), "Transfer-Encoding: chunked"} {
				// Send half of the body, then end the connection.
				var r *http.Request
				if strings.HasPrefix(framing, "Content-Length") {
					r = w.request(w.root, ask{method: "PUT", path: "/lake/old", hash: hash, body: body})
				} else {
					r = w.unsized(w.root, "/lake/old", hash)
				}
				x := w.dial()
				half := body[:size/2]
				if framing == "Transfer-Encoding: chunked" {
					half = fmt.Sprintf("%x\r\n%s\r\n", size/2, half)
				}
				x.write(head(r, framing) + half)
				x.conn.(*net.TCPConn).CloseWrite()
				if got := x.answer(w, "PUT"); got.status != 400 || got.code != "IncompleteBody" {
					t.Errorf("%s %d %s cut off: %v", name, size, framing, got)
				}
			}
		}
	}
	if w.content("/lake/old") != "old" || w.exists("/lake/new") {
		t.Error("something was stored")
	}
}

// unsized is a request whose body has no length.
func (w *world) unsized(k awsKeys, path, hash string) *http.Request {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), "PUT", w.url+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	r.ContentLength = -1
	r.Header.Set("X-Amz-Content-Sha256", hash)
	if err := newSigner().SignHTTP(w.t.Context(), k, r, hash, "s3", region, w.now()); err != nil {
		w.t.Fatal(err)
	}
	return r
}

// TestConditionalRequests checks that a condition that is not met changes nothing, and that a 304 has what a cache
// needs.
func TestConditionalRequests(t *testing.T) {
	w := start(t)
	w.bucket(w.root, "lake")
	w.object("/lake/k", "content")
	etag := w.etagOf("/lake/k")
	past, future := "Mon, 01 Jan 2001 00:00:00 GMT", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	for _, x := range []struct {
		method, path, name, value string
		want                      int
	}{
		{"GET", "/lake/k", "If-Match", etag, 200}, {"GET", "/lake/k", "If-Match", `"no"`, 412},
		{"GET", "/lake/k", "If-None-Match", etag, 304}, {"GET", "/lake/k", "If-None-Match", `"no"`, 200},
		{"GET", "/lake/k", "If-Modified-Since", future, 304}, {"GET", "/lake/k", "If-Unmodified-Since", past, 412},
		{"HEAD", "/lake/k", "If-None-Match", etag, 304}, {"HEAD", "/lake/k", "If-Match", `"no"`, 412},
		{"GET", "/lake/k", "Range", "bytes=1-2", 206}, {"GET", "/lake/k", "Range", "bytes=99-", 416},
		{"PUT", "/lake/k", "If-None-Match", "*", 412}, {"PUT", "/lake/k", "If-Match", `"no"`, 412},
		{"PUT", "/lake/none", "If-Match", etag, 404}, {"DELETE", "/lake/k", "If-Match", `"no"`, 412},
		{"PUT", "/lake/new", "If-None-Match", "*", 200},
	} {
		got := w.do(w.root, ask{method: x.method, path: x.path, header: header(x.name, x.value)})
		if got.status != x.want {
			t.Errorf("%s %s %s: %s: %v, want %d", x.method, x.path, x.name, x.value, got, x.want)
		}
		if got.status == 304 && (got.header.Get("ETag") != etag || got.header.Get("Last-Modified") == "" || got.body != "") {
			t.Errorf("%s %s: a 304 with %v", x.method, x.name, got.header)
		}
	}
	if w.content("/lake/k") != "content" {
		t.Error("it was changed")
	}
}
