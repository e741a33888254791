package sigv4

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/fault"
)

// This test is the example "GET Object" of
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html.
func TestTheExampleOfTheS3Reference(t *testing.T) {
	r := bare(t, "GET", "http://examplebucket.s3.amazonaws.com/test.txt", "", "Range", "bytes=0-9",
		"X-Amz-Date", "20130524T000000Z", "X-Amz-Content-Sha256", hexSum(""),
		"Authorization", "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"+
			"SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"+
			"Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
	s, err := Parse(received(t, r), Options{})
	if err != nil {
		t.Fatal(err)
	}
	const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	if err := s.Verify(secret, time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Error(err, fields(err))
	}
}

func TestParseSaysWhatIsClaimed(t *testing.T) {
	s := mustVerify(t,
		signer{token: "tok"}.presign(t, bare(t, "GET", "http://s3.example.org/bucket/a%2Fb~?versionId=1", "")))
	if s.AccessKeyID != testKey || s.Region != "us-east-1" ||
		s.Service != "s3" || !s.Time.Equal(testTime()) || !s.Presigned ||
		s.Expires != 600*time.Second || s.Payload != PayloadUnsigned ||
		s.Path != "/bucket/a%2Fb~" || s.SessionToken() != "tok" ||
		s.DecodedLength != 0 || len(s.Query) != 8 {
		t.Errorf("%v %+v", s, s.Query)
	}
}

func TestMismatchShowsWhatWeSignedWithoutSecrets(t *testing.T) {
	const token, customerKey = "SESSIONTOKEN", "CUSTOMERKEY"
	r := signer{token: token, secret: "guess"}.header(t, request(t, "PUT", object, "",
		"X-Amz-Server-Side-Encryption-Customer-Key", customerKey,
		"X-Amz-Copy-Source-Server-Side-Encryption-Customer-Key", customerKey))
	_, err := verify(r)
	refused(t, err, fault.Unauthenticated, fault.Signature)
	f := fault.Of(err).Fields
	if f["AWSAccessKeyId"] != testKey ||
		!strings.HasPrefix(f["StringToSign"], "AWS4-HMAC-SHA256\n"+testDate+"\n"+testScope+"\n") ||
		len(f["SignatureProvided"]) != 64 ||
		!strings.HasPrefix(f["CanonicalRequest"], "PUT\n/bucket/key\n\nhost:s3.example.org\n") {
		t.Error(fields(err))
	}
	presigned := signer{token: token, secret: "guess"}.presign(t, bare(t, "GET", object, ""))
	_, err2 := verify(presigned)
	refused(t, err2, fault.Unauthenticated, fault.Signature)
	long := signer{secret: "guess"}.header(t, request(t, "PUT", object, "", "X-Amz-Meta-A", strings.Repeat("x", 60_000)))
	_, err3 := verify(long)
	if n := len(fields(err3)); n > 20_000 {
		t.Errorf("an error of %d bytes", n)
	}
	all := fields(err) + fields(err2) + fmt.Sprint(err, err2)
	for _, leak := range []string{token, customerKey, testSecret} {
		if strings.Contains(all, leak) {
			t.Errorf("%s got out", leak)
		}
	}
}

func TestAttack25_ASignedRequestDoesNotPrintItsToken(t *testing.T) {
	s := mustVerify(t, signer{token: "SESSIONTOKEN"}.header(t, request(t, "GET", object, "")))
	var b strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		fmt.Fprintf(&b, verb, s)
	}
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "signed", s)
	if strings.Contains(b.String(), "SESSIONTOKEN") || strings.Contains(b.String(), s.signature) ||
		!strings.Contains(b.String(), testKey) {
		t.Error(b.String())
	}
}

func TestLimits(t *testing.T) {
	for name, r := range map[string]*http.Request{
		"headers": signer{}.header(t, request(t, "GET", object, "", "X-Amz-Meta-A", strings.Repeat("x", maxHeaderBytes))),
		"query":   signer{}.header(t, request(t, "GET", object+"?a="+strings.Repeat("x", maxQueryBytes), "")),
	} {
		if _, err := verify(r); fault.KindOf(err) != fault.TooLarge {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHeaderValuesAreTrimmedAndFolded(t *testing.T) {
	for in, want := range map[string]string{
		"": "", " a ": "a", "a  b": "a b", "\ta\t \tb\n c ": "a b c", `"a   b"`: `"a b"`, "é  é": "é é",
	} {
		if got := string(appendFolded([]byte("x:"), in)); got != "x:"+want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func TestKeyCache(t *testing.T) {
	c := NewKeyCache(8)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 200 {
				secret := fmt.Sprint("secret", i%20)
				r := signer{secret: secret}.header(t, request(t, "GET", object, ""))
				s, err := Parse(r, Options{Keys: c})
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.Verify(secret, testTime()); err != nil {
					t.Error(err)
				}
				if s.Verify("guess"+secret, testTime()) == nil {
					t.Error("verified with another secret")
				}
			}
		})
	}
	wg.Wait()
	if n := c.len(); n < 4 || n > 8 {
		t.Errorf("%d keys kept", n)
	}
	if _, ok := c.get(cacheID("guesssecret1", testDate[:8], "us-east-1", "s3")); ok {
		t.Error("kept a key that no good signature proved")
	}
	if cacheID("ab", "c") == cacheID("a", "bc") || cacheID("a", "") == cacheID("", "a") {
		t.Error("two scopes share an entry")
	}
}

func FuzzParse(f *testing.F) {
	seed := func(r *http.Request) {
		var names strings.Builder
		for k, vs := range r.Header {
			for _, v := range vs {
				names.WriteString(k + "\n" + v + "\n")
			}
		}
		f.Add(r.Method, r.URL.RequestURI(), r.Host, names.String())
	}
	seed(signer{token: "t"}.header(f, request(f, "PUT", object+"?x=1;2", "body", "X-Amz-Meta-A", "a  b")))
	seed(signer{token: "t"}.presign(f, bare(f, "GET", object, "", "X-Amz-Meta-A", "a")))
	seed(framing{mode: signedTrailer, trailer: sum}.request(f))
	f.Add("GET", "/?AWSAccessKeyId=x", "h", "Authorization\nAWS x:y\nConnection\nx-amz-date\n")
	f.Fuzz(func(t *testing.T, method, uri, host, headers string) {
		u, err := url.ParseRequestURI(uri)
		if err != nil {
			return
		}
		r := &http.Request{Method: method, URL: u, Host: host, Header: http.Header{}, ContentLength: 4}
		lines := strings.Split(headers, "\n")
		for i := 0; i+1 < len(lines); i += 2 {
			r.Header.Add(lines[i], lines[i+1])
		}
		s, err := Parse(r, Options{})
		if err != nil {
			if fault.KindOf(err) == fault.Internal {
				t.Error(err)
			}
			return
		}
		if s.Verify(testSecret+"x", s.Time) == nil {
			t.Errorf("verified with a secret that nobody has: %v", s)
		}
		for name := range r.Header {
			name = strings.ToLower(name)
			if strings.HasPrefix(name, "x-amz-") && !strings.Contains(";"+strings.Join(s.SignedHeaders, ";")+";", ";"+name+";") {
				t.Errorf("%s is not signed", name)
			}
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	r := signer{token: strings.Repeat("t", 900)}.header(b, request(b, "GET", object+"?versionId=1&x-id=GetObject", "",
		"Accept-Encoding", "identity", "Amz-Sdk-Invocation-Id", "a1b2", "Amz-Sdk-Request", "attempt=1; max=3"))
	for _, o := range []struct {
		name string
		keys *KeyCache
	}{{"cached key", NewKeyCache(16)}, {"derived key", nil}} {
		b.Run(o.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s, err := Parse(r, Options{Keys: o.keys})
				if err == nil {
					err = s.Verify(testSecret, testTime())
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkHashedBody(b *testing.B) {
	body := strings.Repeat("x", 4<<20)
	s := mustVerify(b, signer{}.header(b, request(b, "PUT", object, body)))
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		setBody(s, body)
		if err := s.Body(BodyOptions{}).Drain(); err != nil {
			b.Fatal(err)
		}
	}
}

// len is how many keys the cache keeps.
func (c *KeyCache) len() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.current) + len(c.previous)
}
