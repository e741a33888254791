package principals_test

import (
	"strings"
	"testing"

	"latchkey/internal/control/principals"
	"latchkey/internal/fault"
)

// A refusal must not tell what its caller did not know: the path of another user or role, or whose key it is.
func TestRefusalsTellNothingNew(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	_, err := w.CreateUser(ctx, w.asRoot(), principals.NewUser{Name: "bob", Path: "/secret/team/"})
	must(t, err)
	_, err = w.CreateRole(ctx, w.asRoot(), principals.NewRole{
		Name: "ops", Path: "/secret/team/", Trust: trusting(iamARN + "root"),
	})
	must(t, err)
	bobs := w.key("bob")
	_, keys := w.user("eve", "")
	for name, ask := range map[string]func(existing bool) error{
		"GetUser": func(existing bool) error {
			_, err := w.GetUser(w.by(keys), pick(existing, "bob", "nil"))
			return err
		},
		"GetRole": func(existing bool) error {
			_, err := w.GetRole(w.by(keys), pick(existing, "ops", "nil"))
			return err
		},
		"DeleteAccessKey": func(existing bool) error {
			return w.DeleteAccessKey(ctx, w.by(keys), pick(existing, "bob", "nil"), bobs.ID)
		},
		"GetAccessKeyLastUsed": func(existing bool) error {
			_, err := w.AccessKeyUser(w.by(keys), pick(existing, bobs.ID, "AKIANOBODYKNOWSTHISX"))
			return err
		},
		"GetAccessKeyLastUsed of the root user": func(existing bool) error {
			_, err := w.AccessKeyUser(w.by(keys), pick(existing, w.root.ID, "AKIANOBODYKNOWSTHISX"))
			return err
		},
	} {
		got, other := ask(true), ask(false)
		if !denied(got) || !denied(other) {
			t.Fatalf("%s: not refused: %v, %v", name, got, other)
		}
		text := fault.Of(got).Text.String()
		for _, told := range []string{"secret", "team"} {
			if strings.Contains(text, told) {
				t.Errorf("%s tells a path: %s", name, text)
			}
		}
		if strings.HasPrefix(name, "GetAccessKey") && (strings.Contains(text, "bob") || strings.Contains(text, ":root")) {
			t.Errorf("%s tells whose key it is: %s", name, text)
		}
		like := strings.NewReplacer("bob", "nil", "ops", "nil", bobs.ID, "AKIANOBODYKNOWSTHISX",
			w.root.ID, "AKIANOBODYKNOWSTHISX").Replace(text)
		if like != fault.Of(other).Text.String() {
			t.Errorf("%s tells what exists: %s, %s", name, text, fault.Of(other).Text)
		}
	}
	if u, err := w.GetUser(w.asRoot(), "bob"); err != nil || u.Path != "/secret/team/" {
		t.Errorf("who may see it: %+v, %v", u, err)
	}
	_, err = w.GetUser(w.by(bobs), "") // callers know their own path
	if !denied(err) || !strings.Contains(fault.Of(err).Text.String(), "on resource: "+iamARN+"user/secret/team/bob") {
		t.Errorf("one's own: %v", err)
	}
}

func pick(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}
