package api

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/internal/control/controltest"
)

// watched is a body that counts what is read of it.
type watched struct {
	io.Reader
	read int
}

func (b *watched) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.read += n
	return n, err
}

func (b *watched) Close() error { return nil }

// TestAttack43_NothingIsReadForNobody: what a body costs before it is known who sent it is bounded by its service, and
// nothing of it is decoded. Each body is rubbish as far as it is long, so that a decoder that saw it would say so.
func TestAttack43_NothingIsReadForNobody(t *testing.T) {
	w := newFrontWorld(t)
	const formType, jsonType = "application/x-www-form-urlencoded", "application/json"
	stranger := controltest.Keys{ID: "AKIAIOSFODNN7EXAMPLE", Secret: "s"}
	forger := controltest.Keys{ID: w.alice.ID, Secret: "another"}
	fields := "Action=GetCallerIdentity&Version=2011-06-15" + strings.Repeat("&%zz", 60_000)
	for name, c := range map[string]struct {
		path, kind, body string
		keys             *controltest.Keys // nil: unsigned
		service          string
		unannounced      bool
		hashed           bool // the hash of the body is in a header
		most             int  // bytes that may be read
		code             string
	}{
		"unsigned form, announced":   {"/", formType, fields, nil, "", false, false, 0, "ValidationError"},
		"unsigned form, unannounced": {"/", formType, fields, nil, "", true, false, 64<<10 + 1, "ValidationError"},
		"unsigned JSON, announced":   {"/client/register", jsonType, fields, nil, "", false, false, 0, "invalid_request"},
		"unsigned JSON, unannounced": {"/client/register", jsonType, fields, nil, "", true, false, 64<<10 + 1,
			"invalid_request"},
		"form of an unknown key": {"/", formType, fields, &stranger, "sts", false, false, 0, "InvalidClientTokenId"},
		"form of a forger": {"/", formType, fields, &forger, "sts", false, false, 256 << 10,
			"SignatureDoesNotMatch"},
		"form of a forger, hashed": {"/", formType, fields, &forger, "sts", false, true, 0, "SignatureDoesNotMatch"},
		"form that is too long":    {"/", formType, fields + fields, &w.alice, "sts", false, false, 0, "ValidationError"},
		"form that nobody announced": {"/", formType, fields + fields, &w.alice, "sts", true, false, 256<<10 + 1,
			"ValidationError"},
		"form that cannot be read": {"/", formType, fields, &w.alice, "sts", false, false, 256 << 10, "ValidationError"},
	} {
		t.Run(name, func(t *testing.T) {
			body := &watched{Reader: strings.NewReader(c.body)}
			r := httptest.NewRequest(http.MethodPost, "http://latchkey.test:4242"+c.path, nil)
			r.Header.Set("Content-Type", c.kind)
			if c.keys != nil {
				if sum := sha256.Sum256([]byte(c.body)); c.hashed {
					r.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
				}
				w.SignAny(r, *c.keys, c.service, controltest.Region, c.body)
			}
			r.Body, r.ContentLength = body, int64(len(c.body))
			if c.unannounced {
				r.ContentLength = -1
			}
			got := w.answer(r)
			if got.Code < 400 || got.Code >= 500 || !strings.Contains(got.Body.String(), c.code) {
				t.Errorf("%d %s", got.Code, got.Body)
			}
			if body.read > c.most {
				t.Errorf("%d bytes were read", body.read)
			}
		})
	}
	if got := w.answer(w.Sign(t, w.alice, "sts", "Action=GetCallerIdentity&Version=2011-06-15")); got.Code != 200 {
		t.Errorf("the honest form: %d %s", got.Code, got.Body)
	}
}

// TestAttack43_AListOfNothing: an unsigned list of empty elements ends early, and a short one is looked at.
func TestAttack43_AListOfNothing(t *testing.T) {
	w := newFrontWorld(t)
	register := func(n int) *httptest.ResponseRecorder {
		body := fmt.Sprintf(`{"clientName":"c","clientType":"confidential","scopes":["a"%s]}`, strings.Repeat(`,""`, n))
		r := httptest.NewRequest(http.MethodPost, "http://latchkey.test:4242/client/register", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		return w.answer(r)
	}
	if got := register(20_000); got.Code != 400 || !strings.Contains(w.log.String(), "too many elements") {
		t.Errorf("%d %s; logged %s", got.Code, got.Body, w.log)
	}
	if got := register(1); !strings.Contains(got.Body.String(), "client_type: ") {
		t.Errorf("a short one: %d %s", got.Code, got.Body)
	}
}

// TestAttack44_OneRequestWritesLittle: what a user without rights sends is short in the answer, the log and the record.
func TestAttack44_OneRequestWritesLittle(t *testing.T) {
	w := newFrontWorld(t)
	_, nobody := w.User(t, w.root, "nobody", "")
	long := strings.Repeat("x", 50_000)
	var tags strings.Builder
	for i := range 1500 {
		fmt.Fprintf(&tags, "&PolicyArns.member.%d.arn=", i+1)
	}
	for name, c := range map[string]struct{ service, form string }{
		"a refused value": {"iam", "Action=CreateUser&Version=2010-05-08&UserName=" + long},
		"a refused path":  {"iam", "Action=GetUser&Version=2010-05-08&UserName=a&" + long + "=b"},
		"many members":    {"sts", "Action=AssumeRole&Version=2011-06-15&RoleArn=" + long + tags.String()},
		"a denied value":  {"iam", "Action=PutUserPolicy&Version=2010-05-08&UserName=a&PolicyName=p&PolicyDocument=" + long + long},
	} {
		t.Run(name, func(t *testing.T) {
			w.log.Reset()
			before := len(w.Records(t))
			r := w.Sign(t, nobody, c.service, c.form)
			r.Header.Set("User-Agent", long)
			got := w.answer(r)
			if got.Code < 400 || got.Code >= 500 || got.Body.Len() > 20_000 || w.log.Len() > 20_000 {
				t.Errorf("%d, %d bytes of answer, %d of log", got.Code, got.Body.Len(), w.log.Len())
			}
			records := w.Records(t)
			if len(records) != before+1 {
				t.Fatalf("%d records", len(records)-before)
			}
			last := records[len(records)-1]
			text, err := last.JSON()
			w.must(err)
			if len(last.UserAgent) > 1<<10 || len(last.ErrorMessage) > 1<<10 || len(text) > 110_000 {
				t.Errorf("a record of %d bytes, user agent of %d", len(text), len(last.UserAgent))
			}
		})
	}
}
