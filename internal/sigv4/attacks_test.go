package sigv4

import (
	"net/http"
	"strings"
	"testing"

	"latchkey/internal/fault"
)

const object = "http://s3.example.org/bucket/key"

func TestAttack10_AFormIsNoSignature(t *testing.T) {
	form := "--b\r\nContent-Disposition: form-data; name=\"policy\"\r\n\r\ne30=\r\n--b\r\n" +
		"Content-Disposition: form-data; name=\"x-amz-signature\"\r\n\r\n00\r\n--b--\r\n"
	for _, ct := range []string{
		"multipart/form-data; boundary=b", "multipart/form-data", "application/x-www-form-urlencoded", "",
	} {
		for _, target := range []string{object, "http://s3.example.org/bucket", object + "?policy=e30%3D&key=x"} {
			_, err := verify(received(t, bare(t, "POST", target, form, "Content-Type", ct)))
			refused(t, err, fault.Unauthenticated, fault.MissingAuth)
		}
	}
	mustVerify(t, signer{}.header(t, request(t, "POST", object, form, "Content-Type", "multipart/form-data; boundary=b")))
}

func TestAttack11_EveryPayloadModeNeedsASignature(t *testing.T) {
	for _, mode := range []string{unsignedPayload, unsignedChunks, signedChunks, signedTrailer, hexSum("x")} {
		headers := []string{"X-Amz-Content-Sha256", mode, "X-Amz-Date", testDate, "X-Amz-Decoded-Content-Length", "1"}
		// No signature, or pieces of one.
		_, err := verify(received(t, bare(t, "PUT", object, "x", headers...)))
		refused(t, err, fault.Unauthenticated, fault.MissingAuth)
		_, err = verify(received(t, bare(t, "PUT", object+"?X-Amz-Credential="+testKey+"/"+testScope, "x", headers...)))
		refused(t, err, fault.Invalid, fault.AuthQuery)
		// A wrong signature.
		_, err = verify(signer{secret: "guess"}.header(t, request(t, "PUT", object, "x", headers...)))
		refused(t, err, fault.Unauthenticated, fault.Signature)
		// The mode changed after signing.
		for _, other := range []string{unsignedPayload, unsignedChunks, signedChunks, signedTrailer, hexSum("x")} {
			if r := (signer{}).header(t, request(t, "PUT", object, "x", headers...)); other != mode {
				r.Header.Set("X-Amz-Content-Sha256", other)
				_, err := verify(r)
				refused(t, err, fault.Unauthenticated, fault.Signature)
			}
		}
		// The mode not signed.
		s := signer{signed: []string{"host", "x-amz-date", "x-amz-decoded-content-length"}}
		_, err = verify(s.header(t, request(t, "PUT", object, "x", headers...)))
		refused(t, err, fault.Denied, fault.Header)
		mustVerify(t, signer{}.header(t, request(t, "PUT", object, "x", headers...)))
	}
}

func TestAttack11_APresignedURLStartsNoFraming(t *testing.T) {
	for _, mode := range []string{unsignedChunks, signedChunks, signedTrailer} {
		r := bare(t, "PUT", object, "x", "X-Amz-Content-Sha256", mode, "X-Amz-Decoded-Content-Length", "1")
		_, err := verify(signer{hash: mode}.presign(t, r))
		refused(t, err, fault.Invalid, fault.Argument)
		_, err = verify(signer{hash: mode}.presign(t, bare(t, "PUT", object+"?X-Amz-Content-Sha256="+mode, "x")))
		refused(t, err, fault.Invalid, fault.Argument)
	}
	two := bare(t, "PUT", object+"?X-Amz-Content-Sha256="+hexSum("x"), "x", "X-Amz-Content-Sha256", unsignedPayload)
	_, err := verify(signer{}.presign(t, two))
	refused(t, err, fault.Invalid, fault.Argument)

	// A hash in the query of a presigned URL holds for the body.
	honest := func(body string) *Signed {
		r := bare(t, "PUT", object+"?X-Amz-Content-Sha256="+hexSum("x"), body)
		return mustVerify(t, signer{hash: hexSum("x")}.presign(t, r))
	}
	if got, err := content(t, honest("x")); err != nil || got != "x" {
		t.Error(got, err)
	}
	_, err = content(t, honest("y"))
	refused(t, err, fault.Invalid, fault.PayloadHash)
}

func TestAttack11_OtherModesAreRefused(t *testing.T) {
	for _, mode := range []string{"", "unsigned-payload", "UNSIGNED", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
		"STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER",
		"STREAMING-AWS4-HMAC-SHA256-EVENTS", hexSum("x")[:63], hexSum("x") + "0",
		strings.Repeat("g", 64)} {
		r := bare(t, "PUT", object, "x")
		r.Header["X-Amz-Content-Sha256"] = []string{mode}
		_, err := verify(signer{}.header(t, r))
		refused(t, err, fault.Invalid, fault.Argument)
	}
	_, err := verify(signer{hash: unsignedPayload}.header(t, bare(t, "PUT", object, "x")))
	refused(t, err, fault.Invalid, fault.Header) // S3 wants the header
	scope := strings.Replace(testScope, "s3", "sts", 1)
	for _, mode := range []string{unsignedPayload, unsignedChunks, signedChunks} {
		_, err := verify(signer{scope: scope}.header(t,
			request(t, "POST", "http://sts.example.org/", "x", "X-Amz-Content-Sha256", mode)))
		refused(t, err, fault.Invalid, fault.Argument)
	}
	_, err = verify(signer{}.header(t, request(t, "PUT", object, "x", "Content-Encoding", "gzip, AWS-chunked")))
	refused(t, err, fault.Invalid, fault.Header)
	_, err = verify(signer{}.header(t, request(t, "PUT", object, "x", "X-Amz-Trailer", "x-amz-checksum-crc32")))
	refused(t, err, fault.Invalid, fault.Header)
	for _, n := range []string{"-1", "+1", "1.0", "0x1", "1 1", "18446744073709551616"} {
		_, err := verify(framing{mode: signedChunks, decoded: n}.request(t))
		refused(t, err, fault.Invalid, fault.Header)
	}
	_, err = verify(framing{mode: signedChunks, decoded: "-"}.request(t))
	refused(t, err, fault.Invalid, fault.ContentLength)
	for _, names := range []string{
		"content-type", "x-amz-trailer-signature", "x-amz-checksum-crc32,x-amz-checksum-crc32", ",", "authorization",
		"x-amz-meta-a", "x-amz-checksum-crc32,x-amz-acl",
	} {
		_, err := verify(framing{mode: signedTrailer, names: names}.request(t))
		refused(t, err, fault.Invalid, fault.Header)
	}
	big := framing{mode: unsignedChunks, decoded: "100"}.request(t)
	big.ContentLength = 99
	_, err = verify(big)
	refused(t, err, fault.Incomplete, fault.Body)
}

func TestAttack12_HeadersAddedAfterSigning(t *testing.T) {
	added := []string{"X-Amz-Acl", "X-Amz-Tagging", "X-Amz-Copy-Source", "X-Amz-Server-Side-Encryption", "X-Amz-Meta-A",
		"X-Amz-Bypass-Governance-Retention", "X-Amz-Account-Id", "X-Amz-Security-Token", "Content-Md5"}
	for _, name := range added {
		for mode, make := range map[string]func(*http.Request) *http.Request{
			"header":    func(r *http.Request) *http.Request { return signer{}.header(t, r) },
			"presigned": func(r *http.Request) *http.Request { return signer{}.presign(t, r) },
		} {
			r := make(request(t, "PUT", object, ""))
			if mode == "presigned" {
				r = make(bare(t, "PUT", object, ""))
			}
			r.Header.Set(name, "x")
			_, err := verify(r)
			refused(t, err, fault.Denied, fault.Header)
			if fault.Of(err).Fields["HeadersNotSigned"] != strings.ToLower(name) {
				t.Error(fault.Of(err).Fields)
			}
			// The same name spelled so that a map lookup would miss it.
			r.Header.Del(name)
			r.Header[strings.ToUpper(name)] = []string{"x"}
			_, err = verify(r)
			refused(t, err, fault.Denied, fault.Header)

			r = request(t, "PUT", object, "", name, "x")
			if mode == "presigned" {
				r = bare(t, "PUT", object, "", name, "x")
			}
			if name != "X-Amz-Security-Token" {
				r = make(r)
				mustVerify(t, r)
				// A second value of a signed header, and another value.
				r.Header.Add(name, "y")
				_, err = verify(r)
				refused(t, err, fault.Invalid, fault.Header)
				r.Header.Set(name, "y")
				_, err = verify(r)
				refused(t, err, fault.Unauthenticated, fault.Signature)
				r.Header.Del(name)
				_, err = verify(r)
				refused(t, err, fault.Unauthenticated, fault.Signature)
			}
		}
	}
	for _, name := range []string{"Authorization", "Content-Type", "Date", "X-Amz-Date"} {
		r := signer{}.header(t, request(t, "PUT", object, "", "Content-Type", "text/plain"))
		r.Header.Add(name, "x")
		r.Header.Add(name, "y")
		_, err := verify(r)
		refused(t, err, fault.Invalid, fault.Header)
	}
	twice := signer{}.header(t, request(t, "PUT", object, "", "X-Amz-Acl", "private"))
	twice.Header["x-amz-acl"] = []string{"public-read"}
	_, err := verify(twice)
	refused(t, err, fault.Invalid, fault.Header)
}

func TestAttack13_HeadersThatNameACallerMeanNothing(t *testing.T) {
	r := signer{signed: []string{"host", "x-amz-content-sha256", "x-amz-date"}}.header(t, request(t, "GET", object, "",
		"X-Latchkey-Principal", "root", "X-Forwarded-User", "root",
		"X-Seaweedfs-Principal", "root", "X-Amzn-Principal", "root"))
	s := mustVerify(t, r)
	if s.AccessKeyID != testKey || s.SessionToken() != "" || strings.Contains(s.String(), "root") {
		t.Errorf("%v", s)
	}
	r.Header.Set("X-Amz-Principal", "root")
	_, err := verify(r)
	refused(t, err, fault.Denied, fault.Header)
}

func TestAttack16_TokensInQueryAndHeader(t *testing.T) {
	mustVerify(t, signer{token: "one"}.presign(t, bare(t, "GET", object, "", "X-Amz-Security-Token", "one")))
	_, err := verify(signer{token: "one"}.presign(t, bare(t, "GET", object, "", "X-Amz-Security-Token", "two")))
	refused(t, err, fault.Invalid, fault.AuthQuery)
	s := mustVerify(t, signer{}.presign(t, bare(t, "GET", object, "", "X-Amz-Security-Token", "two")))
	if s.SessionToken() != "two" {
		t.Error(s.SessionToken())
	}
	_, err = verify(signer{signed: []string{"host"}}.presign(t, bare(t, "GET", object, "", "X-Amz-Security-Token", "two")))
	refused(t, err, fault.Denied, fault.Header)
	empty := bare(t, "GET", object+"?X-Amz-Security-Token=", "")
	_, err = verify(signer{}.presign(t, empty))
	refused(t, err, fault.Unauthenticated, fault.SessionToken)
	_, err = verify(signer{token: strings.Repeat("x", maxTokenBytes+1)}.header(t, request(t, "GET", object, "")))
	refused(t, err, fault.Unauthenticated, fault.SessionToken)
	// The token of a request is part of its signature.
	for _, r := range []*http.Request{signer{token: "one"}.header(t, request(t, "GET", object, ""))} {
		r.Header.Set("X-Amz-Security-Token", "two")
		_, err := verify(r)
		refused(t, err, fault.Unauthenticated, fault.Signature)
	}
}

func TestAttack17_ASignatureIsForOneServiceHostAndMethod(t *testing.T) {
	r := signer{}.header(t, request(t, "GET", object, ""))
	s := mustVerify(t, r)
	if err := s.RequireService("s3"); err != nil {
		t.Error(err)
	}
	refused(t, s.RequireService("sts"), fault.Invalid, fault.Authorization)
	p := mustVerify(t, signer{}.presign(t, bare(t, "GET", object, "")))
	refused(t, p.RequireService("sts"), fault.Invalid, fault.AuthQuery)
	for name, change := range map[string]func(r *http.Request){
		"service": func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "/s3/", "/sts/", 1))
		},
		"region": func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "us-east-1", "us-east-2", 1))
		},
		"host":   func(r *http.Request) { r.Host = "sts.example.org" },
		"method": func(r *http.Request) { r.Method = "PUT" },
		"path":   func(r *http.Request) { r.URL.Path = "/bucket/other" },
		"query":  func(r *http.Request) { r.URL.RawQuery = "acl" },
	} {
		t.Run(name, func(t *testing.T) {
			r := r.Clone(t.Context())
			change(r)
			_, err := verify(r)
			refused(t, err, fault.Unauthenticated, fault.Signature)
		})
	}
}

func TestAttack18_SignedHeadersAreNotHopByHop(t *testing.T) {
	for _, v := range []string{
		"x-amz-content-sha256", "close, X-Amz-Date", "keep-alive,\tx-amz-acl", "Authorization", "host", "content-type",
	} {
		r := signer{}.header(t, request(t, "PUT", object, "", "Content-Type", "text/plain"))
		r.Header.Set("Connection", v)
		_, err := verify(r)
		refused(t, err, fault.Invalid, fault.Header)
	}
	for _, v := range []string{"close", "keep-alive", "TE, close"} {
		r := signer{}.header(t, request(t, "PUT", object, ""))
		r.Header.Set("Connection", v)
		mustVerify(t, r)
	}
}
