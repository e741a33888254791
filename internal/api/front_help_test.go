package api

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/grants"
	"latchkey/internal/control/principals"
	"latchkey/internal/control/sts"
	"latchkey/internal/front"
)

const (
	owner        = access.AccountID("123456789012")
	serviceTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
		`"Principal":{"Service":"access-grants.s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	mayAsk = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
		`"Action":["s3:GetDataAccess","s3:ListCallerAccessGrants"],"Resource":"*"}]}`
)

// frontWorld is a deployment whose whole control plane answers: account 123456789012 with bucket lake, the
// default location with role lake, and user alice, who may ask for data.
type frontWorld struct {
	*controltest.World
	t     *testing.T
	front *Front
	log   *bytes.Buffer
	root  controltest.Keys
	alice controltest.Keys
}

func newFrontWorld(t *testing.T) *frontWorld {
	t.Helper()
	w := &frontWorld{
		World: controltest.New(t, controltest.Account(owner), controltest.Bucket("lake", owner)),
		t:     t,
		log:   &bytes.Buffer{},
	}
	token := &sts.Tokens{Control: w.Control}
	a := &API{
		Control: w.Control, Principals: w.IAM, Tokens: token, Auth: w.Auth, Operator: owner,
		Frame:  &front.Frame{Control: w.Control, Log: slog.New(front.BoundLog(slog.NewJSONHandler(w.log, nil)))},
		Grants: &grants.Grants{Control: w.Control, Tokens: token, Vendor: grants.Sealed{Ring: w.Ring}},
	}
	w.front = a.Handler()
	ctx := t.Context()
	w.root = w.Root(owner)
	call := func() *control.Call { return w.Call(t, w.root, "iam", "SetUp") }
	w.Role(t, w.root, principals.NewRole{Name: "lake", Trust: serviceTrust})
	_, w.alice = w.User(t, w.root, "alice", mayAsk)
	_, err := a.Grants.CreateInstance(ctx, call(), "", nil)
	w.must(err)
	_, err = a.Grants.CreateLocation(ctx, call(), "s3://", "arn:aws:iam::123456789012:role/lake", nil)
	w.must(err)
	w.log.Reset()
	return w
}

func (w *frontWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// request makes an S3 Control request for the owner's account, unsigned.
func (w *frontWorld) request(method, path, body string) *http.Request {
	r := httptest.NewRequest(method, "http://123456789012.latchkey.test:4242"+path, strings.NewReader(body))
	r.Header.Set("X-Amz-Account-Id", string(owner))
	return r
}

// serve answers a request, signed by k for a service.
func (w *frontWorld) serve(r *http.Request, k controltest.Keys, service, body string) *httptest.ResponseRecorder {
	return w.answer(w.SignAny(r, k, service, controltest.Region, body))
}

func (w *frontWorld) answer(r *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	w.front.ServeHTTP(rec, r)
	return rec
}

// s3control sends one S3 Control request.
func (w *frontWorld) s3control(k controltest.Keys, method, path, body string) *httptest.ResponseRecorder {
	return w.serve(w.request(method, path, body), k, "s3", body)
}

func createGrant(who, sub, permission string) string {
	return fmt.Sprintf(`<CreateAccessGrantRequest xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/">`+
		`<AccessGrantsLocationId>default</AccessGrantsLocationId>`+
		`<AccessGrantsLocationConfiguration><S3SubPrefix>%s</S3SubPrefix></AccessGrantsLocationConfiguration>`+
		`<Grantee><GranteeType>IAM</GranteeType>`+
		`<GranteeIdentifier>%s</GranteeIdentifier></Grantee><Permission>%s</Permission></CreateAccessGrantRequest>`, sub, who,
		permission)
}

// wantError checks an error answer of S3 Control: the wrapped form, and the request's name in body and header.
func wantError(t *testing.T, r *httptest.ResponseRecorder, status int, code string) {
	t.Helper()
	body := r.Body.String()
	if r.Code != status || !strings.Contains(body, "<ErrorResponse") || !strings.Contains(body, "<Code>"+code+"</Code>") {
		t.Errorf("got %d %s, want %d %s", r.Code, body, status, code)
	}
	id := r.Header()["x-amz-request-id"]
	if len(id) != 1 || !strings.Contains(body, "<RequestId>"+id[0]+"</RequestId>") {
		t.Errorf("the request is %v in the header, in the body %s", id, body)
	}
}

// countInto is a front.Frame's Observe that keeps what it is told.
func countInto(all *[]string) func(service, operation, code string, status int, took time.Duration) {
	return func(service, operation, code string, _ int, _ time.Duration) {
		*all = append(*all, service+" "+operation+" "+code)
	}
}
