package scim_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/provision"
	"latchkey/internal/directory"
	"latchkey/internal/front"
	"latchkey/internal/scim"
)

const (
	account = access.AccountID("123456789012")
	other   = access.AccountID("210987654321")
	missing = "00000000-0000-4000-8000-000000000000"

	enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
)

// world is a deployment with two accounts, each with a provisioning token, and the endpoint on a listener.
type world struct {
	*controltest.World
	t       *testing.T
	handler *scim.Handler
	url     string
	tokens  map[access.AccountID]string
	in      directory.StoreID
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		World:  controltest.New(t, controltest.Account(account), controltest.Account(other)),
		t:      t,
		tokens: map[access.AccountID]string{},
	}
	for _, id := range []access.AccountID{account, other} {
		w.tokens[id] = w.token(id, 0).Secret.Reveal()
	}
	w.in = w.Store(t, account)
	w.handler = &scim.Handler{Control: w.Control, Auth: w.Auth, Frame: &front.Frame{Control: w.Control}}
	server := httptest.NewServer(w.handler)
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

// strictWorld is a world whose endpoint is as narrow as AWS's.
func strictWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.handler.Strict = true
	return w
}

func (w *world) token(id access.AccountID, life time.Duration) *provision.NewToken {
	w.t.Helper()
	tokens := &provision.Tokens{Control: w.Control}
	made, err := tokens.Create(w.t.Context(), w.Call(w.t, w.Root(id), "latchkey", "CreateProvisioningToken"), life)
	if err != nil {
		w.t.Fatal(err)
	}
	return made
}

// reply is an answer and its body.
type reply struct {
	*http.Response
	t    *testing.T
	raw  string
	body map[string]any
}

// do sends a request with the token of an account.
func (w *world) do(method, path, body string) *reply {
	w.t.Helper()
	return w.with(w.tokens[account], method, path, body)
}

func (w *world) with(token, method, path, body string) *reply {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+"/scim/v2"+strings.ReplaceAll(path, " ", "%20"),
		strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/scim+json")
	}
	return w.send(r)
}

func (w *world) send(r *http.Request) *reply {
	w.t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	out := &reply{Response: resp, t: w.t, raw: string(raw)}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &out.body); err != nil {
			w.t.Fatalf("%s: %v", raw, err)
		}
	}
	return out
}

// want checks the status.
func (r *reply) want(status int) *reply {
	r.t.Helper()
	if r.StatusCode != status {
		r.t.Fatalf("%s %s: status %d, want %d: %s", r.Request.Method, r.Request.URL, r.StatusCode, status, r.raw)
	}
	return r
}

// refused checks that the answer is a SCIM error with this status and scimType.
func (r *reply) refused(status int, scimType string) *reply {
	r.t.Helper()
	r.want(status)
	if r.at("schemas.0") != "urn:ietf:params:scim:api:messages:2.0:Error" || r.at("status") != fmt.Sprint(status) ||
		r.at("detail") == nil ||
		r.at("exceptionRequestId") == nil || r.at("timeStamp") == nil ||
		!strings.HasPrefix(r.Header.Get("Content-Type"), "application/scim+json") {
		r.t.Fatalf("no SCIM error: %s", r.raw)
	}
	if got, _ := r.at("scimType").(string); got != scimType {
		r.t.Fatalf("scimType %q, want %q: %s", got, scimType, r.raw)
	}
	return r
}

// at returns the value at a path such as emails.0.value. A name that has dots is written between bars.
func (r *reply) at(path string) any {
	var v any = r.body
	for path != "" {
		var step string
		if strings.HasPrefix(path, "|") {
			step, path, _ = strings.Cut(path[1:], "|")
			path = strings.TrimPrefix(path, ".")
		} else {
			step, path, _ = strings.Cut(path, ".")
		}
		switch in := v.(type) {
		case map[string]any:
			v = in[step]
		case []any:
			i := 0
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(in) {
				return nil
			}
			v = in[i]
		default:
			return nil
		}
	}
	return v
}

// has checks values at paths: path, value, path, value.
func (r *reply) has(pairs ...any) *reply {
	r.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if got := r.at(pairs[i].(string)); fmt.Sprint(got) != fmt.Sprint(pairs[i+1]) {
			r.t.Fatalf("%s is %v, want %v: %s", pairs[i], got, pairs[i+1], r.raw)
		}
	}
	return r
}

func (r *reply) id() string {
	r.t.Helper()
	id, _ := r.at("id").(string)
	return id
}

// user creates a user as every client can, and returns its id.
func (w *world) user(name string) string {
	w.t.Helper()
	return w.do("POST", "/Users",
		`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"`+name+`","externalId":"x-`+name+`",
		"displayName":"The `+name+`","name":{"givenName":"Given","familyName":"Family"},
		"emails":[{"value":"`+name+`@mail.example.org","type":"work","primary":true}],"active":true}`).want(201).id()
}

// group creates a group with these members.
func (w *world) group(name string, members ...string) string {
	w.t.Helper()
	return w.do("POST", "/Groups",
		`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"`+name+`","members":`+
			memberList(members...)+`}`).want(201).id()
}

func memberList(ids ...string) string {
	all := make([]map[string]string, len(ids))
	for i, id := range ids {
		all[i] = map[string]string{"value": id}
	}
	text, _ := json.Marshal(all)
	return string(text)
}

// patch makes the body of a PATCH of operations.
func patch(operations ...string) string {
	return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + strings.Join(operations, ",") +
		`]}`
}

// find lists by a filter.
func (w *world) find(endpoint, filter string) *reply {
	w.t.Helper()
	return w.do("GET", "/"+endpoint+"?filter="+escape(filter), "")
}

func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "%%%02X", s[i])
	}
	return b.String()
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
