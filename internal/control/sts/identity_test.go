package sts_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/internal/control/controltest"
	"latchkey/internal/control/principals"
	"latchkey/internal/control/sts"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
)

func TestSessionToken(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	length := func(k controltest.Keys, d time.Duration) time.Duration {
		t.Helper()
		c, err := w.STS.SessionToken(ctx, w.forOwn(k), d, false)
		must(t, err)
		return time.Until(c.Expires).Round(time.Minute)
	}
	if d := length(w.keys, 0); d != 12*time.Hour {
		t.Errorf("a user's lasts %v", d)
	}
	if d := length(w.keys, 36*time.Hour); d != 36*time.Hour {
		t.Errorf("a user's longest lasts %v", d)
	}
	if d := length(w.root, 0); d != time.Hour {
		t.Errorf("the root's lasts %v", d)
	}
	if d := length(w.root, 36*time.Hour); d != time.Hour {
		t.Errorf("the root's longest lasts %v", d)
	}
	for seconds, rule := range map[time.Duration]string{
		899:    "greater than or equal to 900",
		129601: "less than or equal to 129600",
	} {
		_, err := w.STS.SessionToken(ctx, w.forOwn(w.keys), seconds*time.Second, false)
		refused(t, err, fault.Invalid, rule)
	}
	_, err := w.STS.SessionToken(ctx, w.forOwn(w.keys), 0, true)
	refused(t, err, fault.Denied, "MultiFactorAuthentication failed")

	c, err := w.STS.SessionToken(ctx, w.forOwn(w.keys), 0, false)
	must(t, err)
	own := controltest.KeysOf(*c)
	t.Run("is the user", func(t *testing.T) {
		id, err := w.STS.CallerIdentity(w.by(own))
		must(t, err)
		if id.ARN != w.u.ARN() || id.UserID != w.u.ID {
			t.Fatalf("it is %+v", id)
		}
		if s := w.by(own).Session; s.Kind != credential.UserSession || s.ParentKey != w.keys.ID {
			t.Fatalf("the session is %+v", s)
		}
	})
	t.Run("assumes roles, and calls nothing else of STS", func(t *testing.T) {
		r := w.role("r", "sts:AssumeRole", w.u.ARN())
		w.assume(own, sts.AssumeRole{RoleARN: r.ARN()})
		_, err := w.STS.SessionToken(ctx, w.forOwn(own), 0, false)
		refused(t, err, fault.Denied, "Cannot call GetSessionToken with session credentials")
		must(t, w.IAM.PutInline(ctx, w.asRoot(), principals.UserNamed("u"), "p", allow("sts:*", "*")))
		_, err = w.STS.AccessKeyAccount(w.by(own), w.keys.ID)
		refused(t, err, fault.Denied, "Cannot call GetAccessKeyInfo with session credentials")
	})
	t.Run("the root's is the root, and assumes no role", func(t *testing.T) {
		c, err := w.STS.SessionToken(ctx, w.forOwn(w.root), 0, false)
		must(t, err)
		id, err := w.STS.CallerIdentity(w.by(controltest.KeysOf(*c)))
		must(t, err)
		if id.ARN != iamARN+"root" {
			t.Fatalf("it is %+v", id)
		}
		r := w.role("for-root", "sts:AssumeRole", iamARN+"root")
		refused(t, w.try(controltest.KeysOf(*c), sts.AssumeRole{RoleARN: r.ARN()}), fault.Denied,
			"Roles may not be assumed by root accounts.")
	})
	t.Run("refused by an explicit deny only", func(t *testing.T) {
		must(t, w.IAM.PutInline(ctx, w.asRoot(), principals.UserNamed("u"), "deny",
			strings.Replace(allow("sts:GetSessionToken", "*"), "Allow", "Deny", 1)))
		_, err := w.STS.SessionToken(ctx, w.forOwn(w.keys), 0, false)
		refused(t, err, fault.Denied, "sts:GetSessionToken on resource: * with an explicit deny")
	})
}

func TestAccessKeyAccount(t *testing.T) {
	w := newWorld(t)
	_, err := w.STS.AccessKeyAccount(w.by(w.keys), w.root.ID)
	refused(t, err, fault.Denied, "sts:GetAccessKeyInfo")
	got, err := w.STS.AccessKeyAccount(w.by(w.root), w.otherRoot.ID)
	must(t, err)
	if got != other {
		t.Fatalf("it is of %s", got)
	}
	_, err = w.STS.AccessKeyAccount(w.by(w.root), "AKIAUNKNOWNUNKNOWN22")
	refused(t, err, fault.Invalid, "not known here")
	r := w.role("r", "sts:AssumeRole", w.u.ARN())
	keys, _ := w.assume(w.keys, sts.AssumeRole{RoleARN: r.ARN()})
	got, err = w.STS.AccessKeyAccount(w.by(keys), keys.ID)
	must(t, err)
	if got != account {
		t.Fatalf("its own is of %s", got)
	}
}
