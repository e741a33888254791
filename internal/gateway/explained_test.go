package gateway_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestExplainTellsWhatRequestsGet compares what Explain and WhoCan tell of plain requests with what requests get.
func TestExplainTellsWhatRequestsGet(t *testing.T) {
	w, alice := resolving(t)
	w.grant("alice", "lake/finance/*", "READ", false)
	mayAsk := `{"Effect":"Allow","Action":"s3:GetDataAccess","Resource":"*"}`
	for name, c := range map[string]struct {
		prepare func()
		by      string
		reason  string
	}{
		"a grant":  {func() {}, "grant", ""},
		"policies": {func() { w.policy("alice", everything) }, "policies", ""},
		"a Deny": {func() {
			w.policy("alice", allow(mayAsk, `{"Effect":"Deny","Action":"s3:GetObject","Resource":"*"}`))
		}, "", "explicit deny"},
		"no right to ask": {func() { w.policy("alice", allow(strings.Replace(mayAsk, "Allow", "Deny", 1))) }, "",
			"no identity-based policy"},
		"switched off": {func() { w.resolve(false) }, "", "grants_not_resolved"},
		"a location's role that may not": {func() {
			w.iam("PutRolePolicy", "RoleName", "loc", "PolicyName", "all", "PolicyDocument", allow(mayAsk))
		}, "", "no identity-based policy"},
	} {
		w.policy("alice", mayAskOnly)
		w.resolve(true)
		w.iam("PutRolePolicy", "RoleName", "loc", "PolicyName", "all", "PolicyDocument", everything)
		c.prepare()
		var told struct {
			Direct struct {
				Allowed    bool
				By, Reason string
			}
		}
		got := w.own(w.root, "Explain", `{"Principal":"arn:aws:iam::`+accountA+
			`:user/alice","Target":"s3://lake/finance/q1.csv","Permission":"READ"}`)
		if err := json.Unmarshal([]byte(got.body), &told); err != nil {
			t.Fatal(err, got.body)
		}
		d := told.Direct
		if d.By != c.by || d.Allowed != (c.by != "") || !strings.Contains(d.Reason, c.reason) ||
			d.Allowed != (d.Reason == "") {
			t.Errorf("%s: told %+v", name, d)
		}
		if is := w.get(alice, "/lake/finance/q1.csv").status == 200; is != d.Allowed {
			t.Errorf("%s: a request is served: %v; told %v", name, is, d.Allowed)
		}
		who := w.own(w.root, "WhoCan", `{"Target":"s3://lake/finance/q1.csv","Permission":"READ"}`).body
		if open := strings.Contains(who, `"Open":true`); open && strings.Contains(who, `"Direct":true`) != d.Allowed {
			t.Errorf("%s: WhoCan tells %s", name, who)
		}
	}
	t.Run("a person", func(t *testing.T) {
		c := newCompany(t)
		c.grantTo("DIRECTORY_GROUP", string(c.analysts.ID), "lake/finance/*", "READ")
		for _, asserted := range []string{"", `,"Asserted":true`} {
			for _, admitted := range []bool{false, true} {
				c.admit(admitted)
				body := c.own(c.root, "Explain", `{"User":"alice","RoleArn":"`+bearer+
					`","Target":"s3://lake/finance/*","Permission":"READ"`+asserted+`}`).body
				want := asserted == "" || admitted
				if got := strings.Contains(body, `"Allowed":true,"By":"grant"`) || strings.Contains(body,
					`"By":"grant"`); got != want {
					t.Errorf("asserted %q, admitted %v: %s", asserted, admitted, body)
				}
			}
		}
	})
}
