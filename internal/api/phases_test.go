package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/internal/control/controltest"
)

// TestPhases checks the order of the phases: a request that one phase refuses reaches no later one. A body of rubbish
// shows which phase refused: only a caller who is known learns that the body cannot be read.
func TestPhases(t *testing.T) {
	w := newFrontWorld(t)
	grant := createGrant("arn:aws:iam::123456789012:user/alice", "lake/*", "READ")
	stranger := controltest.Keys{ID: w.root.ID, Secret: "another-secret"}
	post := func(body string) *http.Request {
		return w.request("POST", "/v20180820/accessgrantsinstance/grant", body)
	}
	form := func(method, target, body string) *http.Request {
		r := httptest.NewRequest(method, "http://latchkey.test:4242"+target, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return r
	}
	large := strings.Repeat(" ", int(documents.Bytes)+1)
	for _, c := range []struct {
		name, service string
		keys          controltest.Keys
		request       *http.Request
		signed        string // the body for which it is signed
		status        int
		code          string
		op            string
		recorded      bool
	}{
		{"honest request is handled", "s3", w.root, post(grant), grant, 200, "", "CreateAccessGrant", true},
		{"unauthenticated request is not read", "s3", stranger, post("not XML"), "not XML", 403, "SignatureDoesNotMatch",
			"CreateAccessGrant", false},
		{"wrong checksum is not decoded", "s3", w.root, post("not XML"), "what was signed", 400, "XAmzContentSHA256Mismatch",
			"CreateAccessGrant", true},
		{"bad body is not handled", "s3", w.root, post("not XML"), "not XML", 400, "MalformedXML", "CreateAccessGrant", true},
		{"large body is not handled", "s3", w.root, post(large), large, 400, "MaxMessageLengthExceeded", "CreateAccessGrant",
			true},
		{"unknown path is refused", "s3", w.root, w.request("GET", "/v20180820/x", ""), "", 501, "NotImplemented", "unknown",
			false},
		{"form is handled", "sts", w.root, form("POST", "/", "Action=GetCallerIdentity&Version=2011-06-15"),
			"Action=GetCallerIdentity&Version=2011-06-15", 200, "", "GetCallerIdentity", true},
		{"form with an unknown field is refused", "sts", w.root,
			form("POST", "/", "Action=GetCallerIdentity&Version=2011-06-15&x=y"),
			"Action=GetCallerIdentity&Version=2011-06-15&x=y", 400, "ValidationError", "GetCallerIdentity", true},
		{"large form is refused", "sts", w.root, form("POST", "/", "Action=GetCallerIdentity&x="+large),
			"Action=GetCallerIdentity&x=" + large, 400, "ValidationError", "unknown", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := len(w.Records(t))
			w.log.Reset()
			rec := w.serve(c.request, c.keys, c.service, c.signed)
			if log := w.log.String(); !strings.Contains(log, `"op":"`+c.op+`"`) ||
				c.code != "" && !strings.Contains(log, `"code":"`+c.code+`"`) || rec.Code != c.status {
				t.Errorf("%d %s; logged %s", rec.Code, rec.Body, log)
			}
			if got := len(w.Records(t)) > before; got != c.recorded {
				t.Errorf("recorded: %v", got)
			}
		})
	}
}
