package engine

import (
	"encoding/json"
	"errors"
	"fmt"

	"latchkey/internal/access"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

var (
	people = []string{"u1", "u2"}
	urls   = []string{"https://a.example", "https://b.example"}
)

// changeCenter makes one change to what an account has in Identity Center.
func (w *world) changeCenter(tx *store.Tx) error {
	ctx := w.Context()
	switch w.pick(9) {
	case 0:
		i := sso.New(w.account(), w.time())
		i.Deleted = w.pick(3) == 0
		return store.PutIdentityCenter(tx, i)
	case 1:
		return store.IdentityCenters.Delete(tx, string(w.account()))
	case 2:
		a := &sso.Application{ID: sso.NewApplicationID(), InstanceID: "ssoins-x", Account: w.account(), Name: "app"}
		w.applications = append(w.applications, a.ID)
		return store.Applications.Insert(tx, a)
	case 3:
		a, err := store.Applications.Get(ctx, tx, w.id(w.applications))
		if err != nil {
			return err
		}
		a.Disabled, a.AssignmentOptional = w.pick(2) == 0, w.pick(2) == 0
		a.Actor = &sso.ActorPolicy{Document: []byte("{}"), Bound: pickOf(w, resourceTexts[1:])}
		return store.Applications.Update(tx, a)
	case 4:
		id := w.id(w.applications)
		all, err := store.Assignments.InAccount(ctx, tx, id)
		for _, a := range all {
			err = errors.Join(err, store.Assignments.Delete(tx, a.ID()))
		}
		return errors.Join(err, store.Applications.Delete(tx, w.gone(&w.applications, id)))
	case 5:
		a, err := store.Applications.Get(ctx, tx, w.id(w.applications))
		if err != nil {
			return err
		}
		return store.Assignments.Insert(tx,
			&sso.Assignment{ApplicationID: a.ID, Account: a.Account, Type: sso.User, PrincipalID: pickOf(w, people)})
	case 6:
		return store.DeleteAssignmentsOf(ctx, tx, pickOf(w, people))
	case 7:
		i := &sso.Issuer{ID: sso.NewIssuerID(), InstanceID: "ssoins-x", Account: w.account(), URL: pickOf(w, urls)}
		if old, err := store.Issuers.ByName(ctx, tx, string(i.Account), i.URL); err == nil {
			if err := store.Issuers.Delete(tx, old.ID); err != nil {
				return err
			}
		}
		w.issuers = append(w.issuers, i.ID)
		return store.Issuers.Insert(tx, i)
	}
	return store.Issuers.Delete(tx, w.gone(&w.issuers, w.id(w.issuers)))
}

// describeCenter returns everything that can be read about an account's Identity Center.
func describeCenter(s *Snapshot, a access.AccountID) (out []string) {
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	say("identity center %+v, association %+v", s.IdentityCenter(a), s.Association(a, here))
	for _, app := range s.ApplicationsOf(a) {
		doc, err := s.ActorPolicy(app.ARN())
		row, _ := json.Marshal(app)
		say("application %s, by ARN %v, actors %v %v", row, s.Application(app.ARN()) == app, doc != nil, err)
		for _, x := range s.AssignmentsOf(app.ARN()) {
			say("  assignment %+v", *x)
		}
		for _, p := range people {
			say("  %s: %v %v", p, s.Assigned(app.ARN(), sso.User, p), s.MayUse(app.ARN(), p, nil))
		}
	}
	for _, i := range s.IssuersOf(a) {
		say("issuer %+v, by ARN %+v", *i, s.Issuer(i.ARN()))
	}
	for _, u := range urls {
		say("issuer %s: %+v", u, s.IssuerByURL(a, u))
	}
	return out
}
