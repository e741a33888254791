package grants_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/awserror"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/grants"
	"latchkey/internal/control/principals"
	"latchkey/internal/control/sts"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
)

// vendor counts its calls, and may fail.
type vendor struct {
	grants.Vendor
	asked int
	fail  error
}

func (v *vendor) Vend(ctx context.Context, s credential.Session) (credential.Credentials, error) {
	v.asked++
	if v.fail != nil {
		return credential.Credentials{}, v.fail
	}
	return v.Vendor.Vend(ctx, s)
}

func TestGetDataAccess(t *testing.T) {
	w := newWorld(t)
	g := w.grant(iamARN+"user/u", "lake/x/*", access.ReadWrite)
	t.Run("vends what was asked, not what was granted", func(t *testing.T) {
		v := w.vend(w.keys, "s3://lake/x/k", access.Read)
		s := w.open(v.Credentials)
		if v.Matched != "s3://lake/x/*" || v.Grantee != (access.Grantee{Type: access.IAM, ID: iamARN + "user/u"}) {
			t.Errorf("matched %s of %v", v.Matched, v.Grantee)
		}
		if s.Kind != credential.Vended || s.Permission != "READ" || s.Scope != "s3://lake/x/*" ||
			s.GrantID != g.ID.String() ||
			s.LocationID != "default" || s.InstanceID != instanceARN || s.Account != string(account) ||
			s.CallerPrincipalID != w.u.ID ||
			s.ParentKey != w.keys.ID || !strings.HasPrefix(s.Name, "access-grants-") || s.Expires.Sub(s.Issued) != time.Hour {
			t.Errorf("the session is %+v", s)
		}
	})
	t.Run("of one key only with privilege Minimal", func(t *testing.T) {
		v, err := w.ask(w.as(w.keys),
			grants.DataAccess{Target: "s3://lake/x/../k", Permission: access.Read, Privilege: access.Minimal})
		must(t, err)
		if s := w.open(v.Credentials); v.Matched != "s3://lake/x/../k" || s.Scope != v.Matched || !s.ObjectOnly {
			t.Errorf("the session is %+v", s)
		}
	})
	t.Run("to every session of a role, in the role's name", func(t *testing.T) {
		w.role("etl", trusting(w.u.ARN()), 0)
		must(t, w.IAM.PutInline(t.Context(), w.as(w.root), principals.RoleNamed("etl"), "p", allow("s3:GetDataAccess", "*")))
		w.grant(iamARN+"role/etl", "lake/etl/*", access.Read)
		for _, name := range []string{"alice", "bob"} {
			v := w.vend(w.assume(w.keys, "etl", sts.AssumeRole{SessionName: name}), "s3://lake/etl/k", access.Read)
			if v.Grantee.ID != iamARN+"role/etl" {
				t.Errorf("grantee %v", v.Grantee)
			}
		}
	})
	t.Run("never to the root user", func(t *testing.T) {
		_, err := w.ask(w.as(w.root), read("s3://lake/x/k"))
		refused(t, err, fault.Denied, "", "AccessDenied", 403)
	})
}

func TestAttack19_AVendedCredentialAsksForNothing(t *testing.T) {
	w := newWorld(t)
	w.grant(iamARN+"user/u", "lake/x/*", access.Read)
	must(t, w.IAM.PutInline(t.Context(), w.as(w.root), principals.RoleNamed("lake"), "all", allow("*", "*")))
	w.grant(iamARN+"role/lake", "lake/*", access.ReadWrite) // even a grant to the location's own role
	vended := controltest.KeysOf(w.vend(w.keys, "s3://lake/x/k", access.Read).Credentials)
	// A resource policy that names a session's ARN, or everybody, allows without any session policy.
	w.share(sharing("s3:GetDataAccess s3:ListCallerAccessGrants s3:ListAccessGrants s3:ListAccessGrantsLocations "+
		"s3:GetAccessGrantsInstanceForPrefix", "*"))
	seen := map[string]bool{}
	for _, op := range operations(unknownID, "default") {
		if op.action == "iam:PassRole" {
			continue
		}
		err := op.do(w, t.Context(), w.as(vended))
		denied(t, err, op.action)
		if err != nil && !strings.Contains(err.Error(), "no session policy allows") {
			t.Errorf("%s is refused for another reason: %v", op.action, err)
		}
		seen[op.action] = true
	}
	if len(seen) != 25 {
		t.Errorf("%d actions tried", len(seen))
	}
	w.vend(w.keys, "s3://lake/x/k", access.Read)
}

func TestAttack20_AVendedCredentialDoesNotOutliveTheSessionThatAskedForIt(t *testing.T) {
	w := newWorld(t)
	w.role("etl", trusting(w.u.ARN()), 0)
	must(t, w.IAM.PutInline(t.Context(), w.as(w.root), principals.RoleNamed("etl"), "p", allow("s3:GetDataAccess", "*")))
	w.grant(iamARN+"role/etl", "lake/*", access.Read)
	session := w.assume(w.keys, "etl", sts.AssumeRole{Duration: 15 * time.Minute})
	w.Advance(10 * time.Minute)
	s := w.open(w.vend(session, "s3://lake/k", access.Read).Credentials)
	if remaining := s.Expires.Sub(w.Now()); remaining > 5*time.Minute {
		t.Errorf("the credential has %v, the session that asked for it 5m", remaining)
	}
	if s.ParentKey != w.keys.ID || s.ParentPrincipalID != w.u.ID || s.CallerSessionID == (credential.SessionID{}) {
		t.Errorf("the session does not hang on its beginning: %+v", s)
	}
}

func TestSourceIdentityIsCarriedOn(t *testing.T) {
	w := newWorld(t)
	w.role("etl", trusting(w.u.ARN()), 0)
	must(t, w.IAM.PutInline(t.Context(), w.as(w.root), principals.RoleNamed("etl"), "p", allow("s3:GetDataAccess", "*")))
	w.grant(iamARN+"role/etl", "lake/*", access.Read)
	session := w.assume(w.keys, "etl", sts.AssumeRole{SourceIdentity: "alice"})
	if s := w.open(w.vend(session, "s3://lake/k", access.Read).Credentials); s.SourceIdentity != "alice" {
		t.Errorf("the source identity is %q", s.SourceIdentity)
	}
	records := w.Records(t)
	if last := records[len(records)-1]; last.EventName != "AssumeRole" ||
		last.RequestParameters["sourceIdentity"] != "alice" {
		t.Errorf("the service's record is %+v", last)
	}
	t.Run("and refused by a role that does not let it be set", func(t *testing.T) {
		w.role("strict", strings.Replace(serviceTrust, `,"sts:SetSourceIdentity"`, "", 1), 0)
		_, err := w.G.UpdateLocation(t.Context(), w.as(w.root), "default", iamARN+"role/strict")
		must(t, err)
		_, err = w.ask(w.as(session), read("s3://lake/k"))
		refused(t, err, fault.Denied, fault.ServiceTrust, "StsNotAuthorizedError", 403)
		if err != nil && !strings.Contains(err.Error(), "sts:SetSourceIdentity") {
			t.Errorf("refused with %v", err)
		}
		w.grant(iamARN+"user/u", "lake/u/*", access.Read)
		w.vend(w.keys, "s3://lake/u/k", access.Read) // who has none needs none
	})
}

func TestTheRoleOfALocationIsJudgedByWhatItIsNow(t *testing.T) {
	w := newWorld(t)
	w.grant(iamARN+"user/u", "lake/*", access.Read)
	for name, trust := range map[string]string{
		"another account's instance": under(serviceTrust, "StringEquals", "aws:SourceAccount", "444455556666"),
		"another instance": under(serviceTrust, "ArnEquals", "aws:SourceArn",
			strings.Replace(instanceARN, "us-east-1", "eu-west-1", 1)),
		"another service": strings.Replace(serviceTrust, "access-grants", "backup", 1),
	} {
		t.Run("refused when it trusts "+name, func(t *testing.T) {
			must(t, w.IAM.UpdateAssumeRolePolicy(t.Context(), w.as(w.root), "lake", trust))
			_, err := w.ask(w.as(w.keys), read("s3://lake/k"))
			refused(t, err, fault.Denied, fault.ServiceTrust, "StsNotAuthorizedError", 403)
		})
	}
	must(t, w.IAM.UpdateAssumeRolePolicy(t.Context(), w.as(w.root), "lake",
		strings.TrimSuffix(under(serviceTrust, "StringEquals", "aws:SourceAccount", "111122223333"), "}}]}")+
			`,"ArnEquals":{"aws:SourceArn":"`+instanceARN+`"}}}]}`))
	w.vend(w.keys, "s3://lake/k", access.Read)
	t.Run("refused when it was deleted and made again", func(t *testing.T) {
		must(t, w.IAM.DeleteRole(t.Context(), w.as(w.root), "lake"))
		w.role("lake", serviceTrust, 0)
		_, err := w.ask(w.as(w.keys), read("s3://lake/k"))
		refused(t, err, fault.Denied, fault.ServiceTrust, "StsNotAuthorizedError", 403)
	})
}

func TestAttack26_ARecreatedGranteeIsAStranger(t *testing.T) {
	w := newWorld(t)
	w.grant(iamARN+"user/u", "lake/*", access.Read)
	w.vend(w.keys, "s3://lake/k", access.Read)
	ctx := t.Context()
	must(t, w.IAM.DeleteAccessKey(ctx, w.as(w.root), "u", w.keys.ID))
	must(t, w.IAM.DeleteInline(ctx, w.as(w.root), principals.UserNamed("u"), "p"))
	must(t, w.IAM.DeleteUser(ctx, w.as(w.root), "u"))
	_, keys := w.user(w.root, "u", allow("s3:*", "*"))
	_, err := w.ask(w.as(keys), read("s3://lake/k"))
	refused(t, err, fault.Denied, "", "AccessDenied", 403)
	if page, err := w.G.CallerGrants(w.as(keys), "", false, "", 10); err != nil || len(page.Grants) != 0 {
		t.Errorf("the stranger sees %v, %v", page, err)
	}
	w.grant(iamARN+"user/u", "lake/*", access.Read) // the new one is another grantee, not a repetition
	w.vend(keys, "s3://lake/k", access.Read)
}

func TestNothingLeavesUnrecorded(t *testing.T) {
	w := newWorld(t)
	w.grant(iamARN+"user/u", "lake/*", access.Read)
	counting := &vendor{Vendor: w.G.Vendor}
	w.G.Vendor = counting
	call := w.as(w.keys)
	must(t, w.DB.Close())
	v, err := w.ask(call, read("s3://lake/k"))
	if fault.KindOf(err) != fault.Unavailable || v != nil || counting.asked != 0 {
		t.Errorf("vended %v, asked the vendor %d times: %v", v, counting.asked, err)
	}
}

func TestCase123_ASuccessHasOneRecordOfEachKind(t *testing.T) {
	w := newWorld(t)
	w.grant(iamARN+"user/u", "lake/x/*", access.Read)
	counts := func(vends, vendsRefused, assumes int) {
		t.Helper()
		if a, r := w.count("Test"); a != vends || r != vendsRefused {
			t.Errorf("%d allowed and %d refused GetDataAccess are recorded, want %d and %d", a, r, vends, vendsRefused)
		}
		if a, r := w.count("AssumeRole"); a != assumes || r != 0 {
			t.Errorf("%d AssumeRole are recorded, and %d refused ones, want %d", a, r, assumes)
		}
	}
	before, _ := w.count("Test") // what made the world
	call := w.as(w.keys)
	_, err := w.ask(call, read("s3://lake/x/k"))
	must(t, err)
	must(t, w.Finish(t.Context(), call, awserror.Error{}))
	counts(before+1, 0, 1)
	for _, in := range []grants.DataAccess{read("s3://lake/y"), read("s3://"),
		{Target: "s3://lake/x/k", Permission: access.Read, Duration: 12 * time.Hour}} {
		call := w.as(w.keys)
		_, err := w.ask(call, in)
		must(t, w.Finish(t.Context(), call, awserror.Error{Code: "Code", Message: err.Error()}))
	}
	counts(before+1, 3, 1)
	t.Run("and so does a vendor that panics", func(t *testing.T) {
		w := newWorld(t)
		w.grant(iamARN+"user/u", "lake/x/*", access.Read)
		w.G.Vendor = &vendor{} // there is nobody to ask
		call := w.as(w.keys)
		func() {
			defer func() { _ = recover() }()
			_, _ = w.ask(call, read("s3://lake/x/k"))
			t.Error("it did not panic")
		}()
		before := len(w.Records(t))
		must(t, w.Finish(t.Context(), call, awserror.Error{Code: "InternalError", Message: "no"}))
		if after := w.Records(t)[before:]; len(after) != 1 || after[0].ErrorCode != "InternalError" {
			t.Errorf("recorded %+v", after)
		}
	})
	t.Run("and a vendor that fails leaves a second one", func(t *testing.T) {
		w.G.Vendor = &vendor{fail: errors.New("no")}
		call := w.as(w.keys)
		if _, err := w.ask(call, read("s3://lake/x/k")); err == nil {
			t.Error("not refused")
		}
		must(t, w.Finish(t.Context(), call, awserror.Error{Code: "InternalError", Message: "no"}))
		counts(before+2, 4, 2)
	})
}

func TestAttack34_NoCredentialFromWhatIsGone(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	var wg sync.WaitGroup
	stop := make(chan struct{})
	deleted := make(chan access.GrantID, 100) // acknowledged deletions, oldest first
	wg.Go(func() {
		defer close(deleted)
		for i := range 20 {
			g := w.grant(iamARN+"user/u", "lake/race/*", access.Read)
			if i%2 == 0 {
				if _, err := w.G.UpdateLocation(ctx, w.as(w.root), "default", iamARN+"role/lake"); err != nil {
					t.Error(err)
				}
			}
			if err := w.G.DeleteGrant(ctx, w.as(w.root), g.ID.String()); err != nil {
				t.Error(err)
			}
			deleted <- g.ID
		}
		close(stop)
	})
	gone := map[string]bool{}
	vended := 0
	for running := true; running; {
		select {
		case <-stop:
			running = false
		case id, ok := <-deleted:
			if ok {
				gone[id.String()] = true
			}
		default:
		}
		v, err := w.ask(w.as(w.keys), read("s3://lake/race/k"))
		if err != nil {
			if fault.KindOf(err) != fault.Denied {
				t.Error(err)
			}
			continue
		}
		vended++
		if s := w.open(v.Credentials); gone[s.GrantID] {
			t.Fatalf("a credential was vended from grant %s after its deletion was acknowledged", s.GrantID)
		}
	}
	wg.Wait()
	for range deleted {
	}
	if _, err := w.ask(w.as(w.keys), read("s3://lake/race/k")); fault.KindOf(err) != fault.Denied {
		t.Errorf("vended at the end: %v", err)
	}
	t.Logf("%d credentials vended meanwhile", vended)
}

func TestAttack34_AVendedCredentialDiesWithItsGrant(t *testing.T) {
	w := newWorld(t)
	g := w.grant(iamARN+"user/u", "lake/*", access.Read)
	keys := controltest.KeysOf(w.vend(w.keys, "s3://lake/k", access.Read).Credentials)
	if _, err := w.Authenticate(t, keys, "s3"); err != nil {
		t.Fatal(err)
	}
	must(t, w.G.DeleteGrant(t.Context(), w.as(w.root), g.ID.String()))
	_, err := w.Authenticate(t, keys, "s3")
	refused(t, err, fault.Denied, fault.SessionToken, "AccessDenied", 403)
}

func TestAttack34_ConcurrentDeletionsOrphanNothing(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	for range 10 {
		l := w.location("s3://pond/*", "lake")
		n := grantTo(iamARN+"user/u", "x/*", access.Read)
		n.LocationID = l.ID
		create, drop := w.as(w.root), w.as(w.root) // both see the location, empty
		var made *access.Grant
		var createErr, dropErr error
		var wg sync.WaitGroup
		wg.Go(func() { made, createErr = w.G.CreateGrant(ctx, create, n) })
		wg.Go(func() { dropErr = w.G.DeleteLocation(ctx, drop, l.ID) })
		wg.Wait()
		if (createErr == nil) == (dropErr == nil) {
			t.Fatalf("grant: %v, deletion of its location: %v", createErr, dropErr)
		}
		if createErr != nil {
			refused(t, createErr, fault.NotFound, fault.Location, "NoSuchAccessGrantsLocationError", 404)
			continue
		}
		refused(t, dropErr, fault.InUse, fault.Location, "AccessGrantsLocationNotEmptyError", 400)
		must(t, w.G.DeleteGrant(ctx, w.as(w.root), made.ID.String()))
		must(t, w.G.DeleteLocation(ctx, w.as(w.root), l.ID))
	}
	must(t, w.G.DeleteLocation(ctx, w.as(w.root), "default"))
	for range 10 {
		create, drop := w.as(w.root), w.as(w.root)
		var createErr, dropErr error
		var wg sync.WaitGroup
		wg.Go(func() { _, createErr = w.G.CreateLocation(ctx, create, "s3://", iamARN+"role/lake", nil) })
		wg.Go(func() { dropErr = w.G.DeleteInstance(ctx, drop) })
		wg.Wait()
		if (createErr == nil) == (dropErr == nil) {
			t.Fatalf("location: %v, deletion of its instance: %v", createErr, dropErr)
		}
		if createErr != nil {
			refused(t, createErr, fault.NotFound, fault.Instance, "AccessGrantsInstanceNotExistsError", 404)
			_, err := w.G.CreateInstance(ctx, w.as(w.root), "", nil)
			must(t, err)
			continue
		}
		must(t, w.G.DeleteLocation(ctx, w.as(w.root), "default"))
	}
}
