package caller_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/controltest/peopletest"
	"latchkey/internal/control/oauth"
	"latchkey/internal/directory"
	"latchkey/internal/iam"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// peopleWorld is a deployment with a person's session and what was vended to it by a grant to a group.
type peopleWorld struct {
	*controltest.World
	t     *testing.T
	way   *peopletest.Way
	alice *directory.User
	team  *directory.Group
}

// TestMemoryChangesNoAnswerOfPeople is TestMemoryChangesNoAnswer for what a person's session hangs on: groups,
// applications, assignments, actors, roles, the location and the policy of the Access Grants instance.
func TestMemoryChangesNoAnswerOfPeople(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := &peopleWorld{World: controltest.New(t, controltest.Account(account)), t: t}
		w.way = peopletest.New(t, w.World, account, "lake")
		w.alice, w.team = w.Person(t, account, "alice"), w.Group(t, account, "team")
		w.Join(t, w.team, w.alice)
		w.way.Grant(access.Grantee{Type: access.DirectoryGroup, ID: string(w.team.ID)}, "data/*", "")
		acting, err := w.way.Session("alice@example.org", w.way.App)
		must(t, err)
		vended, err := w.way.Vend(acting, "s3://lake/data/*")
		must(t, err)
		fresh := &caller.Authenticator{
			Engine: w.Engine, Ring: w.Ring, Now: w.Now, Region: w.Region, Regrant: w.way.Grants.Regrant, MayAct: oauth.MayAct,
		}
		for range rapid.IntRange(1, 6).Draw(rt, "steps") {
			on := rapid.Bool().Draw(rt, "on")
			what := rapid.SampledFrom([]string{"group", "person", "application", "assignment", "scope", "actor", "client",
				"bearer", "location role", "location", "instance policy"}).Draw(rt, "what")
			w.vary(what, on)
			for i, k := range []controltest.Keys{acting, vended} {
				_, remembered := w.Authenticate(t, k, "s3")
				r := w.Sign(t, k, "s3", "")
				fresh.Forget()
				_, _, anew := fresh.Authenticate(r, "s3", caller.Direct(r, "request-1"))
				if fmt.Sprint(remembered) != fmt.Sprint(anew) {
					rt.Fatalf("session %d after %s %v:\nremembered: %v\nanew:       %v", i, what, on, remembered, anew)
				}
			}
		}
	})
}

// vary turns one thing on or off.
func (w *peopleWorld) vary(what string, on bool) {
	w.t.Helper()
	app := func(change func(*sso.Application)) {
		w.SetApplication(w.t, w.Engine.Current().Application(w.way.App.ARN()), change)
	}
	switch what {
	case "group":
		if in := w.Engine.Current().InGroup(w.alice.ID, w.team.ID); in && !on {
			w.Leave(w.t, w.team, w.alice)
		} else if !in && on {
			w.Join(w.t, w.team, w.alice)
		}
	case "person":
		w.SetPerson(w.t, w.Engine.Current().Person(w.alice.ID), func(u *directory.User) { u.Disabled = !on })
	case "application":
		app(func(a *sso.Application) { a.Disabled = !on })
	case "assignment":
		app(func(a *sso.Application) { a.AssignmentOptional = on })
	case "scope":
		app(func(a *sso.Application) { a.Scopes = scopes(on) })
	case "actor":
		app(func(a *sso.Application) { a.Actor = &sso.ActorPolicy{Bound: w.actorPolicy(on)} })
	case "client":
		u := *w.Engine.Current().User(w.way.Client.ID)
		u.Policies = inlinePolicy(on)
		w.Change(w.t, func(tx *store.Tx) error { return store.Users.Update(tx, &u) })
	case "bearer", "location role":
		id := w.way.Bearer.ID
		if what != "bearer" {
			id = w.way.LocationRole.ID
		}
		r := *w.Engine.Current().Role(id)
		r.Policies = inlinePolicy(on)
		if !on {
			r.Trust = denyingTrust
		} else if what == "bearer" {
			r.Trust = w.way.Bearer.Trust
		} else {
			r.Trust = w.way.LocationRole.Trust
		}
		w.Change(w.t, func(tx *store.Tx) error { return store.Roles.Update(tx, &r) })
	default:
		w.varyInstance(what, on)
	}
}

func (w *peopleWorld) varyInstance(what string, on bool) {
	w.t.Helper()
	w.Change(w.t, func(tx *store.Tx) error {
		if what == "location" {
			id := store.LocationID(account, controltest.Region, w.way.Location)
			l, err := store.Locations.Get(w.t.Context(), tx, id)
			if err != nil {
				return err
			}
			role := map[bool]*iam.Role{true: w.way.LocationRole, false: w.way.Bearer}[on]
			l.RoleARN, l.RoleID = role.ARN(), role.ID
			return store.Locations.Update(tx, l)
		}
		i, err := store.Instances.Get(w.t.Context(), tx, store.InstanceID(account, controltest.Region))
		if err != nil {
			return err
		}
		effect := map[bool]string{true: "Allow", false: "Deny"}[on]
		i.Policy = `{"Version":"2012-10-17","Statement":[{"Effect":"` + effect + `","Principal":{"AWS":"` + string(account) +
			`"},"Action":"s3:GetDataAccess","Resource":"*"}]}`
		return store.Instances.Update(tx, i)
	})
}

func scopes(on bool) []sso.AccessScope {
	if on {
		return []sso.AccessScope{{Name: sso.S3Scope}}
	}
	return []sso.AccessScope{{Name: sso.S3Scope, Targets: []string{"arn:aws:sso::123456789012:application/other"}}}
}

func inlinePolicy(on bool) iam.Policies {
	document := everything
	if !on {
		document = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`
	}
	return iam.Policies{Inline: []iam.Inline{{Name: "p", Document: document}}}
}

func (w *peopleWorld) actorPolicy(on bool) string {
	who := w.way.Client.ID
	if !on {
		who = w.way.Bearer.ID
	}
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + who +
		`"},"Action":"sso-oauth:CreateTokenWithIAM","Resource":"*"}]}`
}
