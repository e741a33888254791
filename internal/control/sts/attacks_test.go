package sts_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/caller"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/principals"
	"latchkey/internal/control/sts"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
)

// mint seals a session of a role that no operation would make.
func (w *world) mint(r *iam.Role, change func(*credential.Session)) controltest.Keys {
	w.t.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	s := credential.Session{
		ID:                credential.SessionID(uuid.New()),
		Kind:              credential.AssumedRole,
		Account:           string(account),
		PrincipalID:       r.ID,
		Name:              "s1",
		Issued:            now,
		Expires:           now.Add(time.Hour),
		ParentKey:         w.keys.ID,
		ParentPrincipalID: w.u.ID,
	}
	change(&s)
	c, err := w.Ring.Mint(s)
	must(w.t, err)
	return controltest.KeysOf(c)
}

func (w *world) vended(r *iam.Role) controltest.Keys {
	return w.mint(r, func(s *credential.Session) {
		s.Kind, s.GrantID, s.LocationID, s.Scope, s.Permission = credential.Vended, "g", "l", "s3://lake/p/*", "READWRITE"
		s.GranteeType, s.GranteeID, s.CallerPrincipalID = "IAM", w.u.ARN(), w.u.ID
	})
}

func TestAttack19_NoNarrowSessionMakesAWiderOne(t *testing.T) {
	w := newWorld(t)
	w.Auth.Revocation = caller.AtExpiry // a vended session without a grant behind it
	location := w.role("location", "sts:AssumeRole", w.u.ARN())
	session := "arn:aws:sts::123456789012:assumed-role/location/s1"
	wide := w.role("wide", "sts:AssumeRole", location.ARN(), session, iamARN+"root")
	behalf := w.delegation()
	for name, k := range map[string]controltest.Keys{
		"vended":                       w.vended(location),
		"identity of a directory user": w.mint(location, func(s *credential.Session) { s.Delegation = behalf }),
		"vended to a directory user": w.mint(location, func(s *credential.Session) {
			*s = *w.by(w.vended(location)).Session
			s.Delegation = behalf
		}),
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, w.try(k, sts.AssumeRole{RoleARN: wide.ARN()}), fault.Denied,
				"because no session policy allows the sts:AssumeRole action")
			_, err := w.STS.SessionToken(t.Context(), w.forOwn(k), 0, false)
			refused(t, err, fault.Denied, "Cannot call GetSessionToken with session credentials")
			_, err = w.STS.AccessKeyAccount(w.by(k), w.keys.ID)
			refused(t, err, fault.Denied, "no session policy allows")
		})
	}
	t.Run("a vended credential learns who it is, and no more", func(t *testing.T) {
		id, err := w.STS.CallerIdentity(w.by(w.vended(location)))
		must(t, err)
		if id.ARN != session {
			t.Fatalf("it is %+v", id)
		}
	})
	t.Run("a session policy holds against trust in the role and in the account", func(t *testing.T) {
		byRole := w.role("by-role", "sts:AssumeRole", location.ARN())
		byAccount := w.role("by-account", "sts:AssumeRole", iamARN+"root")
		narrow := w.mint(location, func(s *credential.Session) { s.Policies = []string{allow("s3:*", "*")} })
		open := w.mint(location, func(*credential.Session) {})
		for _, r := range []*iam.Role{byRole, byAccount} {
			refused(t, w.try(narrow, sts.AssumeRole{RoleARN: r.ARN()}), fault.Denied,
				"not authorized to perform: sts:AssumeRole")
			w.assume(open, sts.AssumeRole{RoleARN: r.ARN()})
		}
	})
	t.Run("what narrows the first session is not lost on the way", func(t *testing.T) {
		own, err := w.STS.SessionToken(t.Context(), w.forOwn(w.keys), 0, false)
		must(t, err)
		keys, _ := w.assume(controltest.KeysOf(*own),
			sts.AssumeRole{RoleARN: location.ARN(), Policy: allow("s3:GetObject", "*")})
		d := w.by(keys).Decide(caller.Ask{Action: "s3:PutObject", Resource: "arn:aws:s3:::lake/k", ResourceAccount: account})
		if d.Allowed {
			t.Fatal("the session policy does not hold")
		}
	})
}

func TestAttack20_AChainDoesNotOutliveItsBeginning(t *testing.T) {
	w := newWorld(t)
	first := w.role("first", "sts:AssumeRole", w.u.ARN())
	second := w.role("second", "sts:AssumeRole", first.ARN())
	own, err := w.STS.SessionToken(t.Context(), w.forOwn(w.keys), 15*time.Minute, false)
	must(t, err)
	keys, a := w.assume(controltest.KeysOf(*own), sts.AssumeRole{RoleARN: first.ARN()})
	if !a.Credentials.Expires.Equal(own.Expires) {
		t.Fatalf("the session expires %v, its source %v", a.Credentials.Expires, own.Expires)
	}
	w.Advance(10 * time.Minute)
	_, b := w.assume(keys, sts.AssumeRole{RoleARN: second.ARN(), Duration: time.Hour})
	if !b.Credentials.Expires.Equal(own.Expires) {
		t.Fatalf("the second session expires %v, its source %v", b.Credentials.Expires, own.Expires)
	}
	w.Advance(6 * time.Minute)
	if _, err := w.Authenticate(t, controltest.KeysOf(b.Credentials), "sts"); !fault.Is(err, fault.Expired,
		fault.SessionToken) {
		t.Fatalf("got %v", err)
	}
}

func TestAttack21_SessionsDieWithWhatTheyWereMadeOf(t *testing.T) {
	type chain struct {
		*world
		first, second controltest.Keys
	}
	begin := func(t *testing.T) chain {
		w := newWorld(t)
		a := w.role("a", "sts:AssumeRole", w.u.ARN())
		b := w.role("b", "sts:AssumeRole", a.ARN())
		first, _ := w.assume(w.keys, sts.AssumeRole{RoleARN: a.ARN()})
		second, _ := w.assume(first, sts.AssumeRole{RoleARN: b.ARN()})
		return chain{w, first, second}
	}
	dead := func(t *testing.T, c chain, k controltest.Keys, reason string) {
		t.Helper()
		_, err := c.Authenticate(t, k, "sts")
		refused(t, err, fault.Denied, reason)
	}
	drop := func(t *testing.T, c chain, name string) {
		t.Helper()
		must(t, c.IAM.DeleteInline(t.Context(), c.asRoot(), principals.RoleNamed(name), "all"))
		must(t, c.IAM.DeleteRole(t.Context(), c.asRoot(), name))
	}
	t.Run("the role is deleted, and created again", func(t *testing.T) {
		c := begin(t)
		drop(t, c, "a")
		dead(t, c, c.first, "the role of this session is deleted")
		c.role("a", "sts:AssumeRole", c.u.ARN())
		dead(t, c, c.first, "the role of this session is deleted")
	})
	t.Run("a re-created role is not what others trusted", func(t *testing.T) {
		c := begin(t)
		drop(t, c, "a")
		again := c.role("a", "sts:AssumeRole", c.u.ARN())
		keys, _ := c.assume(c.keys, sts.AssumeRole{RoleARN: again.ARN()})
		refused(t, c.try(keys, sts.AssumeRole{RoleARN: iamARN + "role/b"}), fault.Denied,
			"not authorized to perform: sts:AssumeRole on resource: "+iamARN+"role/b")
	})
	t.Run("a re-created user is not whom the role trusted", func(t *testing.T) {
		c := begin(t)
		must(t, c.IAM.DeleteAccessKey(t.Context(), c.asRoot(), "u", c.keys.ID))
		must(t, c.IAM.DeleteUser(t.Context(), c.asRoot(), "u"))
		_, keys := c.User(c.t, c.root, "u", "")
		refused(t, c.try(keys, sts.AssumeRole{RoleARN: iamARN + "role/a"}), fault.Denied, "not authorized")
		dead(t, c, c.first, "deleted")
	})
	t.Run("the key at the root of the chain is deleted", func(t *testing.T) {
		c := begin(t)
		must(t, c.IAM.DeleteAccessKey(t.Context(), c.asRoot(), "u", c.keys.ID))
		dead(t, c, c.first, "the access key that this session was made with is deleted or inactive")
		dead(t, c, c.second, "the access key that this session was made with is deleted or inactive")
	})
	t.Run("a session stays ended when the key is active again", func(t *testing.T) {
		c := begin(t)
		must(t, c.IAM.UpdateAccessKey(t.Context(), c.asRoot(), "u", c.keys.ID, iam.Inactive))
		dead(t, c, c.second, "the access key that this session was made with is deleted or inactive")
		must(t, c.IAM.UpdateAccessKey(t.Context(), c.asRoot(), "u", c.keys.ID, iam.Active))
		dead(t, c, c.second, "the access key that this session was made with was inactive in between")
		_, err := c.Authenticate(t, c.keys, "sts")
		must(t, err)
	})
	t.Run("the user's own session dies with its key", func(t *testing.T) {
		c := begin(t)
		own, err := c.STS.SessionToken(t.Context(), c.forOwn(c.keys), 0, false)
		must(t, err)
		must(t, c.IAM.DeleteAccessKey(t.Context(), c.asRoot(), "u", c.keys.ID))
		dead(t, c, controltest.KeysOf(*own), "the access key that this session was made with is deleted or inactive")
	})
	t.Run("trust taken away ends the session, and everything after it", func(t *testing.T) {
		c := begin(t)
		must(t, c.IAM.UpdateAssumeRolePolicy(t.Context(), c.asRoot(), "a", trusting("sts:AssumeRole", iamARN+"root")))
		for _, k := range []controltest.Keys{c.first, c.second} {
			dead(t, c, k, "the role does not trust the asker")
		}
		refused(t, c.try(c.keys, sts.AssumeRole{RoleARN: iamARN + "role/a"}), fault.Denied, "not authorized")
	})
	t.Run("policies of the role count at once", func(t *testing.T) {
		c := begin(t)
		must(t, c.IAM.DeleteInline(t.Context(), c.asRoot(), principals.RoleNamed("a"), "all"))
		d := c.by(c.first).Decide(caller.Ask{
			Action:          "s3:GetObject",
			Resource:        "arn:aws:s3:::lake/k",
			ResourceAccount: account,
		})
		if d.Allowed {
			t.Fatal("the deleted policy still allows")
		}
	})
}

func TestAttack25_NoSecretIsRecorded(t *testing.T) {
	w := newWorld(t)
	r := w.role("r", "sts:AssumeRole", w.u.ARN())
	keys, a := w.assume(w.keys, sts.AssumeRole{RoleARN: r.ARN()})
	own, err := w.STS.SessionToken(t.Context(), w.forOwn(w.keys), 0, false)
	must(t, err)
	told := 0
	for _, e := range w.Records(t) {
		line, err := e.JSON()
		must(t, err)
		for _, secret := range []string{keys.Secret, keys.Token, own.Secret.Reveal(), own.SessionToken.Reveal(),
			w.keys.Secret} {
			if strings.Contains(string(line), secret) {
				t.Errorf("a record holds a secret: %s", line)
			}
		}
		if strings.Contains(string(line), a.ARN) {
			told++
		}
	}
	if told != 1 {
		t.Errorf("%d records tell of the session", told)
	}
}

func TestNothingLeavesUnrecorded(t *testing.T) {
	w := newWorld(t)
	r := w.role("r", "sts:AssumeRole", w.u.ARN())
	assume, own := w.by(w.keys), w.forOwn(w.keys)
	must(t, w.DB.Close())
	a, err := w.STS.AssumeRole(t.Context(), assume, sts.AssumeRole{RoleARN: r.ARN(), SessionName: "session"})
	if fault.KindOf(err) != fault.Unavailable || a != nil {
		t.Errorf("AssumeRole: %+v, %v", a, err)
	}
	c, err := w.STS.SessionToken(t.Context(), own, 0, false)
	if fault.KindOf(err) != fault.Unavailable || c != nil {
		t.Errorf("GetSessionToken: %+v, %v", c, err)
	}
}
