package sigv4

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"latchkey/internal/fault"
)

// counter counts the bytes that a body delivered.
type counter struct{ n int }

func (c *counter) Write(p []byte) (int, error) { c.n += len(p); return len(p), nil }

// A store that knows the announced length commits an object as soon as it has that many bytes. A body whose content
// is not what was signed must therefore never deliver all of them.
func TestTheLastBytesAreHeldBackUntilTheHashAgrees(t *testing.T) {
	for _, size := range []int{1, 2, maxHeldBack - 1, maxHeldBack, maxHeldBack + 1, 3*maxHeldBack + 7, 200_000} {
		for _, known := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d bytes, length known %v", size, known), func(t *testing.T) {
				body := strings.Repeat("x", size)
				send := func(body string) *Signed {
					r := signer{}.header(t, request(t, "PUT", object, strings.Repeat("x", size)))
					if !known {
						r.ContentLength = -1
					}
					r.Body = io.NopCloser(iotest.HalfReader(strings.NewReader(body)))
					return mustVerify(t, r)
				}
				if got, err := content(t, send(body)); err != nil || got != body {
					t.Fatalf("%d bytes, %v", len(got), err)
				}
				changes := map[string]string{
					"first byte": "y" + body[1:],
					"last byte":  body[1:] + "y",
					"cut":        body[1:],
					"longer":     body + "x",
				}
				for name, changed := range changes {
					var out counter
					n, err := io.Copy(&out, struct{ io.Reader }{send(changed).Body(BodyOptions{})})
					if err == nil || n != int64(out.n) || out.n >= size {
						t.Errorf("%s: %d bytes of %d got out, %v", name, out.n, size, err)
					}
					if f := fault.Of(err); !fault.Is(f, fault.Invalid, fault.PayloadHash) &&
						!fault.Is(f, fault.Incomplete, fault.Body) {
						t.Errorf("%s: %v", name, err)
					}
				}
			})
		}
	}
}

func TestAnEmptyBodyMustHaveTheEmptyHash(t *testing.T) {
	_, err := verify(signer{}.header(t, request(t, "GET", object, "", "X-Amz-Content-Sha256", hexSum("x"))))
	refused(t, err, fault.Invalid, fault.PayloadHash)
	if f := fault.Of(err).Fields; f["ClientComputedContentSHA256"] != hexSum("x") ||
		f["S3ComputedContentSHA256"] != hexSum("") {
		t.Error(f)
	}
	s := mustVerify(t, signer{}.header(t, request(t, "GET", object, "x", "X-Amz-Content-Sha256", hexSum(""))))
	refused(t, s.Body(BodyOptions{}).Drain(), fault.Invalid, fault.PayloadHash)
	s = mustVerify(t, signer{}.header(t, request(t, "GET", object, "")))
	s.request.Body = nil
	if err := s.Body(BodyOptions{}).Drain(); err != nil {
		t.Error(err)
	}
}

func TestUnsignedPayloadIsHandedThrough(t *testing.T) {
	send := func(body string) *Signed {
		r := signer{}.header(t, request(t, "PUT", object, "123456", "X-Amz-Content-Sha256", unsignedPayload))
		r.Body = io.NopCloser(strings.NewReader(body))
		return mustVerify(t, r)
	}
	if got, err := content(t, send("abcdef")); err != nil || got != "abcdef" {
		t.Error(got, err)
	}
	for _, body := range []string{"", "12345", "1234567"} {
		got, err := content(t, send(body))
		refused(t, err, fault.Incomplete, fault.Body)
		if len(got) >= 6 {
			t.Errorf("%q got out", got)
		}
	}
}

func TestCheckRunsBeforeTheLastBytes(t *testing.T) {
	bad := errors.New("the checksum does not match")
	for _, mode := range []string{unsignedPayload, hexSum("123456")} {
		for _, length := range []int64{6, -1} {
			for _, want := range []error{nil, bad} {
				r := signer{}.header(t, request(t, "PUT", object, "123456", "X-Amz-Content-Sha256", mode))
				r.ContentLength = length
				s := mustVerify(t, r)
				var digest bytes.Buffer
				calls := 0
				b := s.Body(BodyOptions{Digests: &digest, Check: func(trailer http.Header) error {
					calls++
					if digest.String() != "123456" || trailer != nil {
						t.Errorf("checked after %q, trailer %v", &digest, trailer)
					}
					return want
				}})
				got, err := io.ReadAll(b)
				if calls != 1 || err != want || (string(got) == "123456") != (want == nil) {
					t.Errorf("%d calls, %q, %v", calls, got, err)
				}
			}
		}
	}
}

func TestCheckDoesNotExcuseAWrongLength(t *testing.T) {
	for _, body := range []string{"", "12345", "1234567"} {
		r := signer{}.header(t, request(t, "PUT", object, "123456", "X-Amz-Content-Sha256", unsignedPayload))
		r.Body = io.NopCloser(strings.NewReader(body))
		got, err := io.ReadAll(mustVerify(t, r).Body(BodyOptions{Check: func(http.Header) error { return nil }}))
		refused(t, err, fault.Incomplete, fault.Body)
		if len(got) > 0 {
			t.Errorf("%q got out", got)
		}
	}
}

func TestABodyBeforeItsSignatureIsNotRead(t *testing.T) {
	r := signer{secret: "guess"}.header(t, request(t, "PUT", object, "123456"))
	s, err := Parse(r, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got, err := content(t, s); err == nil || got != "" {
			t.Fatalf("%q, %v", got, err)
		}
		refused(t, s.Verify(testSecret, testTime()), fault.Unauthenticated, fault.Signature)
	}
	good := mustVerify(t, signer{}.header(t, request(t, "PUT", object, "123456")))
	if good.Verify("guess", testTime()) == nil {
		t.Fatal("verified with another secret")
	}
	if got, err := content(t, good); err == nil || got != "" {
		t.Errorf("after a failed Verify: %q, %v", got, err)
	}
}

func TestClosedAndFailingBodies(t *testing.T) {
	s := mustVerify(t, signer{}.header(t, request(t, "PUT", object, "123456")))
	b := s.Body(BodyOptions{})
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if n, err := b.Read(make([]byte, 9)); n != 0 || err == nil || err == io.EOF {
		t.Error(n, err)
	}
	s = mustVerify(t, signer{}.header(t, request(t, "PUT", object, "123456")))
	broken := errors.New("connection reset")
	s.request.Body = io.NopCloser(io.MultiReader(strings.NewReader("123"), iotest.ErrReader(broken)))
	_, err := content(t, s)
	refused(t, err, fault.Incomplete, fault.Body)
	if !errors.Is(err, broken) {
		t.Error("the cause is lost")
	}
}

// Services other than S3 sign the hash of the body without naming it in a header.
func TestBufferedBody(t *testing.T) {
	scope := strings.Replace(testScope, "s3", "sts", 1)
	const form = "Action=GetCallerIdentity&Version=2011-06-15"
	send := func(body string, o Options) (*Signed, error) {
		r := bare(t, "POST", "http://sts.example.org/", form, "Content-Type", "application/x-www-form-urlencoded")
		r = signer{scope: scope, hash: hexSum(form)}.header(t, r)
		r.Body = io.NopCloser(strings.NewReader(body))
		s, err := Parse(r, o)
		if err != nil {
			t.Fatal(err)
		}
		return s, s.Verify(testSecret, testTime())
	}
	s, err := send(form, Options{})
	if err != nil {
		t.Fatal(err, fields(err))
	}
	for range 2 { // the body stays in the request
		if got, err := content(t, s); err != nil || got != form {
			t.Error(got, err)
		}
		if err := s.Verify(testSecret, testTime()); err == nil {
			t.Error("the body was read and still verifies")
		}
		if s, err = send(form, Options{}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = send(strings.Replace(form, "GetCallerIdentity", "AssumeRole", 1), Options{})
	refused(t, err, fault.Unauthenticated, fault.Signature)
	reset := iotest.ErrReader(errors.New("connection reset"))
	s.request.Body = io.NopCloser(io.MultiReader(strings.NewReader(form), reset))
	refused(t, s.Verify(testSecret, testTime()), fault.Incomplete, fault.Body)
	_, err = send(form, Options{MaxBuffered: int64(len(form)) - 1})
	refused(t, err, fault.TooLarge, fault.Body)
	if _, err = send(form, Options{MaxBuffered: int64(len(form))}); err != nil {
		t.Error(err)
	}
}
