package server

import (
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/awsapi/iamapi"
	"latchkey/internal/awsapi/identitystoreapi"
	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awsapi/s3control"
	ssoportal "latchkey/internal/awsapi/sso"
	"latchkey/internal/awsapi/ssoadmin"
	"latchkey/internal/awsapi/ssooidc"
	"latchkey/internal/awsapi/stsapi"
	"latchkey/internal/awswire"
)

// served are all services.
var served = []*awswire.Service{
	iamapi.Service, identitystoreapi.Service, latchkey.Service, s3.Service, s3control.Service, ssoadmin.Service,
	ssooidc.Service,
	ssoportal.Service, stsapi.Service,
}

// walk has valid input for every operation that is served. An operation without a row fails the test.
func (w *walkWorld) walk() []row {
	return slices.Concat(w.iamRows(), w.grantRows(), w.s3Rows(), w.peopleRows(), w.oauthRows(), w.applicationRows(),
		w.stsRows(), w.lastRows())
}

// row is one request with valid input, and what it is answered.
type row struct {
	op      *awswire.Operation
	request request

	open    string   // why somebody without policies is not refused; empty: is refused
	refusal string   // the code of the refusal; empty: the service's word for a denied access
	nobody  *request // what somebody without policies sends, where rights do not hang on the signature; nil: the same
	root    bool     // only the root user may
	fails   string   // the codes with which the operation fails for who may do it; empty: it succeeds
	because string   // why it fails
}

// TestEveryOperationAsks sends every operation of every service for a user without policies, who must be refused. A
// user who may do everything then succeeds with the same input. A row whose operation is open to everybody says so.
func TestEveryOperationAsks(t *testing.T) {
	w := newWalkWorld(t, slog.DiscardHandler)
	rows := w.walk()
	t.Run("every operation has a row", func(t *testing.T) {
		services, err := filepath.Glob("../awsapi/*/operations.go")
		if err != nil || len(services) != len(served) {
			t.Errorf("%d services are served, this test walks %d: %v", len(services), len(served), err)
		}
		for _, s := range served {
			for _, op := range s.Operations {
				if !slices.ContainsFunc(rows, func(r row) bool { return r.op == op }) {
					t.Errorf("%s %s has none", s.Name, op.Name)
				}
			}
		}
	})
	for _, r := range rows {
		t.Run("without policies/"+r.op.Service.Name+" "+r.op.Name, func(t *testing.T) {
			sent := r.request
			if r.nobody != nil {
				sent = *r.nobody
			}
			got := w.send(w.nobody, sent)
			if r.open != "" && got.status != http.StatusOK || r.open == "" && !got.denied(r.refusal) {
				t.Errorf("%s %s: %d %s", sent.method, sent.path, got.status, got.body)
			}
		})
	}
	if got := w.send(w.admin, get("/lake/k")); got.body != "content" {
		t.Errorf("the object that nobody might change: %d %s", got.status, got.body)
	}
	for _, r := range rows {
		t.Run("with all rights/"+r.op.Service.Name+" "+r.op.Name, func(t *testing.T) {
			who := w.admin
			if r.root {
				who = w.root
			}
			got := w.send(who, r.request)
			failed := got.status >= 300 && slices.Contains(strings.Fields(r.fails), got.code())
			if r.fails == "" && got.status >= 300 || r.fails != "" && (!failed || r.because == "") {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
}

// denied reports whether an answer is a refusal for lack of rights: with this code or, if it is empty, the service's
// own word.
func (a *got) denied(code string) bool {
	switch {
	case code != "":
		return a.code() == code
	case a.method == http.MethodHead: // which has no body to say why
		return a.status == http.StatusForbidden
	case strings.Contains(a.body, "<DeleteResult"): // keys are refused one by one
		return !strings.Contains(a.body, "<Deleted>") && strings.Contains(a.body, "<Code>AccessDenied</Code>")
	}
	return a.status >= 400 && slices.Contains([]string{"AccessDenied", "AccessDeniedException"}, a.code())
}
