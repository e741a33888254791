package scim_test

import (
	"net/http"
	"strings"
	"testing"
)

// tagged sends a request with a header of entity tags.
func (w *world) tagged(method, path, body, header, tags string) *reply {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+"/scim/v2"+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+w.tokens[account])
	r.Header.Set("Content-Type", "application/scim+json")
	r.Header.Set(header, tags)
	return w.send(r)
}

func TestVersions(t *testing.T) {
	w := newWorld(t)
	alice := w.user("alice")
	g := w.group("staff")
	version := func(path string) string {
		t.Helper()
		r := w.do("GET", path, "").want(200)
		v, _ := r.at("meta.version").(string)
		if v == "" || r.Header.Get("ETag") != v {
			t.Fatalf("version %q, ETag %q", v, r.Header.Get("ETag"))
		}
		return v
	}
	for path, change := range map[string][]string{
		"/Users/" + alice: {`{"op":"replace","path":"title","value":"Dr"}`, `{"op":"replace","path":"active","value":false}`},
		"/Groups/" + g: {`{"op":"replace","path":"displayName","value":"crew"}`,
			`{"op":"add","path":"members","value":[{"value":"` + alice + `"}]}`},
	} {
		for _, op := range change {
			old := version(path)
			w.tagged("GET", path, "", "If-None-Match", old).want(304)
			w.tagged("GET", path, "", "If-None-Match", `"x", *`).want(304)
			if w.do("GET", path+"?excludedAttributes=members", "").Header.Get("ETag") != old {
				t.Error("the version depends on what is shown")
			}
			if r := w.tagged("PATCH", path, patch(op), "If-Match", `"none"`); r.StatusCode != 412 || version(path) != old {
				t.Fatalf("%d %s", r.StatusCode, r.raw)
			}
			r := w.tagged("PATCH", path, patch(op), "If-Match", `"none", `+old)
			if r.StatusCode/100 != 2 {
				t.Fatal(r.raw)
			}
			now := version(path)
			if now == old || r.Header.Get("ETag") != now {
				t.Errorf("%s: %s, then %s; the answer says %s", op, old, now, r.Header.Get("ETag"))
			}
			w.tagged("GET", path, "", "If-None-Match", old).want(200)
			w.tagged("PATCH", path, patch(op), "If-Match", old).refused(412, "")
			w.tagged("DELETE", path, "", "If-Match", old).refused(412, "")
		}
	}
	w.tagged("PUT", "/Users/"+alice, `{"userName":"alice"}`, "If-Match", `"x"`).refused(412, "")
	w.tagged("PUT", "/Groups/"+g, `{"displayName":"x"}`, "If-Match", `"x"`).refused(412, "")
	w.tagged("PUT", "/Users/"+alice, `{"userName":"alice"}`, "If-Match", "*").want(200)
	w.tagged("PUT", "/Users/"+missing, `{"userName":"x"}`, "If-Match", "*").refused(404, "")
	if v := w.find("Groups", `displayName eq "crew"`).at("Resources.0.meta.version"); v != version("/Groups/"+g) {
		t.Error("a list has another version", v)
	}
	w.tagged("DELETE", "/Groups/"+g, "", "If-Match", version("/Groups/"+g)).want(204)
	w.tagged("DELETE", "/Users/"+alice, "", "If-Match", strings.TrimPrefix(version("/Users/"+alice), "W/")).want(204)
	w.handler.Strict = true
	if r := w.do("GET", "/Users", ""); strings.Contains(r.raw, "version") {
		t.Error("AWS has no versions")
	}
}

func TestSearches(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.user("alice"), w.user("bob")
	g := w.group("staff", alice)
	const search = `"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]`
	w.do("POST", "/Users/.search", `{`+search+`,"filter":"userName eq \"alice\"","attributes":["userName","name.givenName"],
		"startIndex":1,"count":10}`).want(200).has("totalResults", 1, "Resources.0.id", alice, "Resources.0.displayName", nil,
		"Resources.0.name.givenName", "Given")
	w.do("POST", "/Users/.search", `{`+search+`,"count":1,"startIndex":2,"excludedAttributes":["groups"],"sortBy":"userName"}`).
		want(200).has("totalResults", 2, "itemsPerPage", 1, "startIndex", 2, "Resources.0.id", bob, "Resources.0.groups", nil)
	first := w.do("POST", "/Users/.search", `{`+search+`,"count":1,"cursor":""}`).want(200).has("Resources.0.id", alice)
	next, _ := first.at("nextCursor").(string)
	w.do("POST", "/Users/.search", `{`+search+`,"count":1,"cursor":"`+next+`"}`).want(200).has("Resources.0.id", bob)
	w.do("POST", "/Groups/.search", `{`+search+`}`).want(200).has("totalResults", 1, "Resources.0.members.0.value", alice)
	w.do("POST", "/.search", `{`+search+`}`).want(200).has("totalResults", 3, "Resources.0.id", alice, "Resources.2.id", g)
	w.do("POST", "/.search", `{`+search+`,"startIndex":3}`).want(200).has("itemsPerPage", 1, "Resources.0.id", g)
	w.do("POST", "/.search", `{`+search+`,"count":2,"filter":"displayName eq \"staff\" or userName eq \"bob\""}`).want(200).
		has("totalResults", 2, "Resources.0.id", bob, "Resources.1.id", g)
	for body, kind := range map[string]string{
		`{"schemas":["urn:x"]}`:                "invalidValue",
		`{"filter":5}`:                         "invalidFilter",
		`{"filter":["userName pr"]}`:           "invalidValue",
		`{"filter":"userName"}`:                "invalidFilter",
		`{"attributes":[5]}`:                   "invalidValue",
		`{"count":"x"}`:                        "invalidCount",
		`{"filter":"groups.display co \"s\""}`: "invalidFilter",
	} {
		w.do("POST", "/Users/.search", body).refused(400, kind)
	}
	w.do("POST", "/.search", `{"cursor":""}`).refused(400, "invalidCursor")
	w.with("", "POST", "/.search", `{}`).refused(401, "")
	w.do("GET", "/Schemas?filter="+escape(`id eq "x"`), "").refused(403, "")
	if n := len(w.with(w.tokens[other], "POST", "/.search", `{}`).want(200).body["Resources"].([]any)); n != 0 {
		t.Errorf("another account sees %d", n)
	}
	w.handler.Strict = true
	w.do("POST", "/Users/.search", `{}`).refused(501, "")
}
