package principals_test

import (
	"encoding/json"
	"strings"
	"testing"

	"latchkey/internal/control/controltest"
	"latchkey/internal/control/principals"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
)

func TestIdentityCase087_ThirdAccessKey(t *testing.T) {
	w := newWorld(t)
	w.user("u", "")
	w.key("u")
	_, err := w.CreateAccessKey(t.Context(), w.asRoot(), "u")
	refused(t, err, fault.LimitExceeded, "Cannot exceed quota for AccessKeysPerUser: 2")
}

func TestAccessKeys(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	_, keys := w.user("u", allow("iam:*AccessKey*", iamARN+"user/${aws:username}"))
	_, strange := w.user("v", "")
	t.Run("a user manages its own without naming itself", func(t *testing.T) {
		k, err := w.CreateAccessKey(ctx, w.by(keys), "")
		must(t, err)
		if k.UserName != "u" || !strings.HasPrefix(k.ID, "AKIA") || len(k.ID) != 20 || len(k.Secret.Reveal()) != 40 {
			t.Fatalf("made %+v", k)
		}
		_, err = w.Authenticate(t, controltest.Keys{ID: k.ID, Secret: k.Secret.Reveal()}, "iam")
		must(t, err)
		page, name, err := w.ListAccessKeys(w.by(keys), "", principals.Ask{})
		must(t, err)
		if name != "u" || len(page.Items) != 2 || page.Items[1].ID != k.ID {
			t.Fatalf("listed %v of %q", page.Items, name)
		}
	})
	t.Run("another's key is not found", func(t *testing.T) {
		refused(t, w.UpdateAccessKey(ctx, w.by(keys), "", strange.ID, iam.Inactive), fault.NotFound,
			"The Access Key with id "+strange.ID+" cannot be found.")
		refused(t, w.DeleteAccessKey(ctx, w.by(keys), "", strange.ID), fault.NotFound, "cannot be found")
		refused(t, w.DeleteAccessKey(ctx, w.asRoot(), "u", strange.ID), fault.NotFound, "cannot be found")
		_, err := w.AccessKeyUser(w.by(w.otherRoot), strange.ID)
		refused(t, err, fault.NotFound, "cannot be found")
	})
	t.Run("an inactive key is unknown, and works again when active", func(t *testing.T) {
		must(t, w.UpdateAccessKey(ctx, w.asRoot(), "v", strange.ID, iam.Inactive))
		if _, err := w.Authenticate(t, strange, "iam"); !fault.Is(err, fault.Unauthenticated, fault.AccessKey) {
			t.Fatalf("got %v", err)
		}
		must(t, w.UpdateAccessKey(ctx, w.asRoot(), "v", strange.ID, iam.Active))
		_, err := w.Authenticate(t, strange, "iam")
		must(t, err)
		refused(t, w.UpdateAccessKey(ctx, w.asRoot(), "v", strange.ID, "Expired"), fault.Invalid, "'status'")
	})
	t.Run("the root manages its own", func(t *testing.T) {
		k, err := w.CreateAccessKey(ctx, w.asRoot(), "")
		must(t, err)
		if k.UserID != "" || k.UserName != "" {
			t.Fatalf("made %+v", k)
		}
		must(t, w.DeleteAccessKey(ctx, w.asRoot(), "", k.ID))
		if _, err := w.Authenticate(t, controltest.Keys{ID: k.ID, Secret: k.Secret.Reveal()}, "iam"); !fault.Is(err,
			fault.Unauthenticated, fault.AccessKey) {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("whose a key is", func(t *testing.T) {
		name, err := w.AccessKeyUser(w.asRoot(), keys.ID)
		must(t, err)
		if name != "u" {
			t.Fatalf("it is %q", name)
		}
	})
}

func TestAttack25_NoSecretIsRecordedOrStoredOrPrinted(t *testing.T) {
	w := newWorld(t)
	w.user("u", "")
	call := w.asRoot()
	k, err := w.CreateAccessKey(t.Context(), call, "u")
	must(t, err)
	secret := k.Secret.Reveal()
	if strings.Contains(string(k.Sealed), secret) {
		t.Error("the row holds the secret")
	}
	made := false
	for _, e := range w.Records(t) {
		line, err := e.JSON()
		must(t, err)
		if strings.Contains(string(line), secret) || strings.Contains(string(line), w.root.Secret) {
			t.Errorf("a record holds a secret: %s", line)
		}
		made = made || strings.Contains(string(line), k.ID)
	}
	if !made {
		t.Error("no record tells of the key")
	}
	printed, err := json.Marshal(k)
	must(t, err)
	if strings.Contains(string(printed), secret) {
		t.Errorf("a key prints its secret: %s", printed)
	}
	_, err = w.CreateAccessKey(t.Context(), w.asRoot(), "u") // beyond the quota
	if err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("got %v", err)
	}
}
