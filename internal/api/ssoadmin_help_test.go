package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/uuid"

	"latchkey/internal/access"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/grants"
	"latchkey/internal/control/identitycenter"
	"latchkey/internal/control/principals"
	"latchkey/internal/control/sts"
	"latchkey/internal/directory"
	"latchkey/internal/front"
	"latchkey/internal/store"
)

const centerAccount access.AccountID = "123456789012"

// centerWorld is a deployment whose Identity Center and S3 Control answer signed requests.
type centerWorld struct {
	*queryWorld
	api *API
}

func newCenterWorld(t *testing.T) *centerWorld {
	t.Helper()
	q := newQueryWorld(t)
	token := &sts.Tokens{Control: q.Control}
	a := &API{
		Control:        q.Control,
		Principals:     &principals.Principals{Control: q.Control},
		Tokens:         token,
		Auth:           q.Auth,
		Frame:          &front.Frame{Control: q.Control},
		Grants:         &grants.Grants{Control: q.Control, Tokens: token, Vendor: grants.Sealed{Ring: q.Ring}},
		IdentityCenter: &identitycenter.Center{Control: q.Control},
	}
	q.front = a.Handler()
	return &centerWorld{q, a}
}

// object is a JSON object, as it goes over the wire.
type object = map[string]any

// signed makes a request that is signed for a service.
func (w *centerWorld) signed(who, service, method, target string, header http.Header, body []byte) *http.Request {
	w.t.Helper()
	r := httptest.NewRequest(method, "http://latchkey.test:4242"+target, bytes.NewReader(body))
	for k, v := range header {
		r.Header[k] = v
	}
	sum := sha256.Sum256(body)
	r.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
	k := w.keys[who]
	credentials := aws.Credentials{AccessKeyID: k.ID, SecretAccessKey: k.Secret, SessionToken: k.Token}
	if err := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }).SignHTTP(
		w.t.Context(), credentials, r, hex.EncodeToString(sum[:]), service, controltest.Region, time.Now()); err != nil {
		w.t.Fatal(err)
	}
	return r
}

// do sends a signed request and returns status and body.
func (w *centerWorld) do(who, service, method, target string, header http.Header, body []byte) (int, []byte) {
	w.t.Helper()
	out := httptest.NewRecorder()
	w.front.ServeHTTP(out, w.signed(who, service, method, target, header, body))
	answer, err := io.ReadAll(out.Result().Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return out.Code, answer
}

// sso calls an operation of sso-admin.
func (w *centerWorld) sso(who, op string, in object) (int, object) {
	w.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		w.t.Fatal(err)
	}
	status, answer := w.do(who, "sso", http.MethodPost, "/", http.Header{
		"X-Amz-Target": {"SWBExternalService." + op}, "Content-Type": {"application/x-amz-json-1.1"},
	}, body)
	out := object{}
	if len(answer) > 0 {
		if err := json.Unmarshal(answer, &out); err != nil {
			w.t.Fatalf("%s: %s", op, answer)
		}
	}
	return status, out
}

// must is sso for root, which must succeed.
func (w *centerWorld) must(op string, in object) object {
	w.t.Helper()
	status, out := w.sso("root", op, in)
	if status != http.StatusOK {
		w.t.Fatalf("%s %v: %d %v", op, in, status, out)
	}
	return out
}

// refused is sso for root, which must fail with one of the codes.
func (w *centerWorld) refused(op string, in object, codes ...string) string {
	w.t.Helper()
	return w.refusedTo("root", op, in, codes...)
}

func (w *centerWorld) refusedTo(who, op string, in object, codes ...string) string {
	w.t.Helper()
	status, out := w.sso(who, op, in)
	code, _ := out["__type"].(string)
	message, _ := out["Message"].(string)
	if status != http.StatusBadRequest || message == "" ||
		!strings.Contains(" "+strings.Join(codes, " ")+" ", " "+code+" ") {
		w.t.Fatalf("%s %v: %d %v, want 400 %v", op, in, status, out, codes)
	}
	return message
}

// s3 calls an operation of S3 Control.
func (w *centerWorld) s3(who, method, path, body string) (int, string) {
	w.t.Helper()
	status, answer := w.do(who, "s3", method, "/v20180820"+path, http.Header{"X-Amz-Account-Id": {string(centerAccount)}},
		[]byte(body))
	return status, string(answer)
}

// s3Must is s3 for root, which must succeed.
func (w *centerWorld) s3Must(method, path, body string) string {
	w.t.Helper()
	status, answer := w.s3("root", method, path, body)
	if status != http.StatusOK {
		w.t.Fatalf("%s %s: %d %s", method, path, status, answer)
	}
	return answer
}

// s3Refused is s3, which must fail so.
func (w *centerWorld) s3Refused(who, method, path, body string, status int, code string) string {
	w.t.Helper()
	got, answer := w.s3(who, method, path, body)
	if got != status || !strings.Contains(answer, "<Code>"+code+"</Code>") {
		w.t.Fatalf("%s %s: %d %s, want %d %s", method, path, got, answer, status, code)
	}
	return answer
}

// instance is the ARN of the account's instance.
func (w *centerWorld) instance() string {
	w.t.Helper()
	all := w.must("ListInstances", object{})["Instances"].([]any)
	return all[0].(object)["InstanceArn"].(string)
}

// application makes a customer's application and returns its ARN.
func (w *centerWorld) application(name string) string {
	w.t.Helper()
	out := w.must("CreateApplication",
		object{"InstanceArn": w.instance(), "ApplicationProviderArn": customProvider, "Name": name})
	return out["ApplicationArn"].(string)
}

const customProvider = "arn:aws:sso::aws:applicationProvider/custom"

func issuerInput(instance, name, url string) object {
	return object{
		"InstanceArn":            instance,
		"Name":                   name,
		"TrustedTokenIssuerType": "OIDC_JWT",
		"TrustedTokenIssuerConfiguration": object{
			"OidcJwtConfiguration": object{
				"IssuerUrl":                  url,
				"ClaimAttributePath":         "email",
				"IdentityStoreAttributePath": "emails.value",
				"JwksRetrievalOption":        "OPEN_ID_DISCOVERY",
			},
		},
	}
}

// issuer makes a trusted token issuer and returns its ARN.
func (w *centerWorld) issuer(name, url string) string {
	w.t.Helper()
	return w.must("CreateTrustedTokenIssuer", issuerInput(w.instance(), name, url))["TrustedTokenIssuerArn"].(string)
}

// user makes an IAM user with one policy, and its keys under its name.
func (w *centerWorld) user(name, document string) {
	w.t.Helper()
	w.iam("CreateUser&UserName=" + name)
	w.iam("PutUserPolicy&UserName=" + name + "&PolicyName=p&PolicyDocument=" + queryEscape(document))
	keys := w.iam("CreateAccessKey&UserName=" + name)
	w.keys[name] = controltest.Keys{ID: element(w.t, keys, "AccessKeyId"), Secret: element(w.t, keys, "SecretAccessKey")}
}

// policy replaces the policy of a user.
func (w *centerWorld) policy(name, document string) {
	w.t.Helper()
	w.iam("PutUserPolicy&UserName=" + name + "&PolicyName=p&PolicyDocument=" + queryEscape(document))
}

func (w *centerWorld) iam(form string) string {
	w.t.Helper()
	status, body := w.send("root", "iam", "Action="+form)
	if status != http.StatusOK {
		w.t.Fatalf("%s: %d %s", form, status, body)
	}
	return body
}

// allow is a policy that allows actions on everything.
func allow(actions ...string) string {
	list, _ := json.Marshal(actions)
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":` + string(list) + `,"Resource":"*"}]}`
}

// person makes a directory user in the account's identity store.
func (w *centerWorld) person(name string) string {
	w.t.Helper()
	u := &directory.User{ID: directory.UserID(uuid.NewString()), UserName: name, DisplayName: name}
	w.store(func(tx *store.Tx) error {
		home, err := store.IdentityStoreID(w.t.Context(), tx, centerAccount)
		u.Store = directory.StoreID(home)
		if err != nil {
			return err
		}
		return store.DirectoryUsers.Insert(tx, u)
	})
	return string(u.ID)
}

// team makes a directory group in the account's identity store.
func (w *centerWorld) team(name string) string {
	w.t.Helper()
	g := &directory.Group{ID: directory.GroupID(uuid.NewString()), DisplayName: name}
	w.store(func(tx *store.Tx) error {
		home, err := store.IdentityStoreID(w.t.Context(), tx, centerAccount)
		g.Store = directory.StoreID(home)
		if err != nil {
			return err
		}
		return store.DirectoryGroups.Insert(tx, g)
	})
	return string(g.ID)
}

func (w *centerWorld) store(fn func(*store.Tx) error) {
	w.t.Helper()
	if err := w.Engine.Update(w.t.Context(), fn); err != nil {
		w.t.Fatal(err)
	}
}

func keysOf(k principals.RootKey) controltest.Keys {
	return controltest.Keys{ID: k.AccessKeyID, Secret: k.Secret.Reveal()}
}
