package principals_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/caller"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/principals"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
)

const iamARN = "arn:aws:iam::123456789012:"

// denied reports whether a refusal is about the caller's permissions.
func denied(err error) bool {
	return fault.KindOf(err) == fault.Denied && err != nil &&
		strings.Contains(fault.Of(err).Text.String(), "is not authorized to perform: ")
}

func furnished(t *testing.T) (*world, []operation) {
	w := newWorld(t)
	ctx := t.Context()
	_, err := w.CreateUser(ctx, w.asRoot(), principals.NewUser{Name: "u"})
	must(t, err)
	w.role("r", trusting(iamARN+"root"))
	_, err = w.CreatePolicy(ctx, w.asRoot(), principals.NewPolicy{Name: "p", Document: allow("s3:*", "*")})
	must(t, err)
	return w, operations(w.key("u").ID)
}

func TestEveryOperationNeedsItsPermissionOnItsResource(t *testing.T) {
	w, ops := furnished(t)
	ctx := t.Context()
	_, keys := w.user("admin", "")
	permit := func(document string) {
		t.Helper()
		must(t, w.PutInline(ctx, w.asRoot(), principals.UserNamed("admin"), "p", document))
	}
	for _, op := range ops {
		t.Run(op.action+" refused without it, and on another resource", func(t *testing.T) {
			permit(allow("s3:GetObject", "*"))
			if err := op.do(w, ctx, w.by(keys)); !denied(err) {
				t.Fatalf("not refused: %v", err)
			}
			permit(allow("iam:*", iamARN+"group/none"))
			if err := op.do(w, ctx, w.by(keys)); !denied(err) {
				t.Fatalf("not refused on another resource: %v", err)
			}
		})
	}
	// The allowed calls come in an order that leaves the entities in place until they are deleted.
	for _, op := range ops {
		if strings.HasPrefix(op.action, "iam:Delete") {
			continue
		}
		t.Run(op.action+" allowed with it", func(t *testing.T) {
			permit(allow(op.action, op.resource))
			if err := op.do(w, ctx, w.by(keys)); denied(err) {
				t.Fatalf("refused: %v", err)
			}
		})
	}
	for _, op := range ops {
		if !strings.HasPrefix(op.action, "iam:Delete") {
			continue
		}
		t.Run(op.action+" allowed with it", func(t *testing.T) {
			permit(allow(op.action, op.resource))
			if err := op.do(w, ctx, w.by(keys)); denied(err) {
				t.Fatalf("refused: %v", err)
			}
		})
	}
}

func TestAttack19_NoNarrowSessionAdministersIAM(t *testing.T) {
	w, ops := furnished(t)
	u, keys := w.user("admin", allow("iam:*", "*"))
	role := w.role("wide", trusting(iamARN+"root"))
	must(t, w.PutInline(t.Context(), w.asRoot(), principals.RoleNamed("wide"), "all", allow("iam:*", "*")))
	now := time.Now().UTC().Truncate(time.Second)
	session := credential.Session{
		ID: credential.SessionID(uuid.New()), Account: string(account), Name: "s", Issued: now, Expires: now.Add(time.Hour),
		ParentKey: keys.ID, ParentPrincipalID: u.ID,
	}
	mint := func(change func(*credential.Session)) controltest.Keys {
		s := session
		change(&s)
		c, err := w.World.Ring.Mint(s)
		must(t, err)
		return controltest.KeysOf(c)
	}
	w.Auth.Revocation = caller.AtExpiry // a vended session without a grant behind it
	vended := mint(func(s *credential.Session) {
		s.Kind, s.PrincipalID = credential.Vended, role.ID
		s.GrantID, s.LocationID, s.Scope, s.Permission = "g", "l", "s3://lake/p/*", "READ"
		s.GranteeType, s.GranteeID, s.CallerPrincipalID = "IAM", u.ARN(), u.ID
	})
	own := mint(func(s *credential.Session) { s.Kind, s.PrincipalID = credential.UserSession, u.ID })
	narrowed := mint(func(s *credential.Session) {
		s.Kind, s.PrincipalID, s.Policies = credential.AssumedRole, role.ID, []string{allow("s3:*", "*")}
	})
	wide := mint(func(s *credential.Session) { s.Kind, s.PrincipalID = credential.AssumedRole, role.ID })
	for _, op := range ops {
		t.Run(op.action, func(t *testing.T) {
			if err := op.do(w, t.Context(), w.by(vended)); !denied(err) {
				t.Errorf("a vended credential is not refused: %v", err)
			}
			if err := op.do(w, t.Context(), w.by(narrowed)); !denied(err) {
				t.Errorf("a session whose policy does not allow it is not refused: %v", err)
			}
			if err := op.do(w, t.Context(), w.by(own)); !fault.Is(err, fault.Unauthenticated, fault.SessionToken) {
				t.Errorf("a session of GetSessionToken is not refused: %v", err)
			}
		})
	}
	_, err := w.GetUser(w.by(wide), "u")
	must(t, err)
}
