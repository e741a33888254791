package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestIssuerLimits(t *testing.T) {
	w := newSignInWorld(t)
	arn := w.issuer("limited", "https://limited.example.org")
	put := func(in object) (int, object) {
		t.Helper()
		all := object{"TrustedTokenIssuerArn": arn}
		for k, v := range in {
			all[k] = v
		}
		return w.own("root", "PutIssuerLimits", all)
	}
	get := func() object {
		t.Helper()
		status, out := w.own("root", "GetIssuerLimits", object{"TrustedTokenIssuerArn": arn})
		if status != http.StatusOK {
			t.Fatalf("%d %v", status, out)
		}
		return out
	}
	if out := get(); out["EmailDomains"] != nil || out["Sources"] != nil || out["SubjectClaim"] != nil {
		t.Errorf("at first %v", out)
	}
	good := object{
		"EmailDomains": []any{"Example.ORG", "a-b.example.com"}, "SubjectClaim": "oid",
		"Sources": []any{"administrator", "scim", "ldap:corp", "oidc:https://limited.example.org"},
	}
	if status, out := put(good); status != http.StatusOK {
		t.Fatalf("%d %v", status, out)
	}
	want := "[example.org a-b.example.com] [administrator scim ldap:corp oidc:https://limited.example.org] oid"
	if out := get(); fmt.Sprintf("%v %v %v", out["EmailDomains"], out["Sources"], out["SubjectClaim"]) != want {
		t.Errorf("%v", out)
	}
	many := strings.Fields(strings.Repeat("example.org ", 51))
	for name, in := range map[string]object{
		"no domain":             {"EmailDomains": []any{"example"}},
		"an address":            {"EmailDomains": []any{"a@example.org"}},
		"a wildcard":            {"EmailDomains": []any{"*.example.org"}},
		"a dot at the end":      {"EmailDomains": []any{"example.org."}},
		"a domain out of ASCII": {"EmailDomains": []any{"ex\u00e4mple.org"}},
		"too many domains":      {"EmailDomains": many},
		"a long domain":         {"EmailDomains": []any{strings.Repeat("a.", 130) + "org"}},
		"an unknown source":     {"Sources": []any{"ldap"}},
		"a source of no name":   {"Sources": []any{"ldap:"}},
		"a source like another": {"Sources": []any{"SCIM"}},
		"a claim with a blank":  {"SubjectClaim": "a b"},
		"a long claim":          {"SubjectClaim": strings.Repeat("a", 256)},
	} {
		t.Run(name, func(t *testing.T) {
			if status, out := put(in); status != http.StatusBadRequest {
				t.Errorf("%d %v", status, out)
			}
		})
	}
	if out := get(); fmt.Sprintf("%v %v %v", out["EmailDomains"], out["Sources"], out["SubjectClaim"]) != want {
		t.Errorf("a refused change counts: %v", out)
	}
	// AWS's own change of the issuer keeps the limits.
	w.must("UpdateTrustedTokenIssuer", object{"TrustedTokenIssuerArn": arn, "Name": "renamed"})
	if out := get(); fmt.Sprint(out["EmailDomains"]) == "[]" || out["EmailDomains"] == nil {
		t.Errorf("%v", out)
	}
	if status, _ := put(object{}); status != http.StatusOK || get()["EmailDomains"] != nil {
		t.Error("the limits are not removed")
	}
	for op, in := range map[string]object{"PutIssuerLimits": {}, "GetIssuerLimits": {}} {
		in["TrustedTokenIssuerArn"] = arn + "0"
		if status, out := w.own("root", op, in); status != 400 || out["__type"] != "ResourceNotFoundException" {
			t.Errorf("%s of no issuer: %d %v", op, status, out)
		}
	}
}
