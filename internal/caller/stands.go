package caller

import (
	"errors"
	"sync"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/credential"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
)

// stands says whether a session still stands: what it hangs on is there, and the request that made it would be granted
// now. It returns why the session ended, or nil.
//
// An answer is remembered by session, with what it was read from. It holds for another snapshot that has the same rows,
// and until the earliest time that a policy on the way mentions. The data request itself does not matter to it, so a
// worker may use a credential at another address than that of the asker.
func (a *Authenticator) stands(c *Caller) *fault.Error {
	s, now := c.Session, c.Facts.Time
	if a.answers.holds(c.Snapshot, s, now) {
		return nil
	}
	if why := leash(c.Snapshot, s); why != nil {
		return why
	}
	until := s.Expires
	if a.Revocation == AtOnce {
		var err error
		if until, err = a.regranted(c); err != nil {
			return asEnded(err)
		}
	}
	a.answers.remember(c.Snapshot, s, until)
	return nil
}

// regranted asks whether the request that made a session would be granted now, and every request on the way to it:
// those of the actors first. It returns until when the answer holds.
func (a *Authenticator) regranted(of *Caller) (until time.Time, err error) {
	s := of.Session
	until = s.Expires
	if a.Regrant == nil {
		return until, nil
	}
	if until, err = a.actorsStand(of, s.Actors, until); err != nil {
		return until, err
	}
	return a.chain(of, s, until)
}

// ActorsStand asks whether each of the actors behind a token could ask for it now. The caller is whoever presents the
// token. It fails with a denial whose reason the client is told.
func (a *Authenticator) ActorsStand(of *Caller, d *credential.SealedDelegation) error {
	if a.Revocation != AtOnce || a.Regrant == nil || len(d.Actors) == 0 {
		return nil
	}
	if _, err := a.actorsStand(of, d.Actors, of.Facts.Time); err != nil {
		return asEnded(err)
	}
	return nil
}

// actorsStand returns until when the answer holds, at most until the given time.
func (a *Authenticator) actorsStand(of *Caller, all credential.Actors, until time.Time) (_ time.Time, err error) {
	for i := range all {
		if until, err = a.mayAct(of, &all[i], until); err != nil {
			return until, err
		}
	}
	return until, nil
}

// chain asks for every session of a chain, from the newest to the oldest.
func (a *Authenticator) chain(of *Caller, s *credential.Session, until time.Time) (time.Time, error) {
	for ; s != nil && !s.Asked.IsZero(); s = s.Asked.By {
		asker, err := a.asker(of, s)
		if err != nil {
			return until, err
		}
		if err := a.Regrant(asker, s); err != nil {
			return until, err
		}
		until = asker.boundary(of.Snapshot, s, until)
	}
	return until, nil
}

// mayAct asks whether an actor could ask for the same token now, and for every session of the actor's chain.
func (a *Authenticator) mayAct(of *Caller, actor *credential.Actor, until time.Time) (time.Time, error) {
	who, err := a.asker(of, &credential.Session{Asked: actor.Asked})
	if err != nil {
		return until, err
	}
	if err := a.MayAct(who, actor.Application); err != nil {
		return until, err
	}
	named, _ := of.Snapshot.ActorPolicyByID(actor.Application)
	until = earliest(append(who.policies.All(), named), of.Facts.Time, until)
	return a.chain(of, actor.By, until)
}

// boundary returns the earliest time after the present at which a policy that was asked may answer otherwise, or until.
func (c *Caller) boundary(snap *engine.Snapshot, s *credential.Session, until time.Time) time.Time {
	documents := c.policies.All()
	if compiled := snap.Compiled(s.PrincipalID); compiled != nil {
		documents = append(documents, compiled.Trust)
	}
	if instance, err := access.ParseResourceARN(s.InstanceID); err == nil {
		d, _ := snap.InstancePolicy(instance.Account, instance.Region)
		documents = append(documents, d)
	}
	return earliest(documents, c.Facts.Time, until)
}

// earliest returns the earliest time after now that one of the policies mentions, or until.
func earliest(documents []*policy.Document, now, until time.Time) time.Time {
	for _, d := range documents {
		if t := d.NextTime(now); !t.IsZero() && t.Before(until) {
			until = t
		}
	}
	return until
}

// asEnded is a denial as the end of a session.
func asEnded(err error) *fault.Error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Reason == "" {
		return sessionEnded(fault.AskerNotAllowed, "the request that this session answers would not be granted now").
			Because(err)
	}
	return sessionEnded(f.Reason, f.Message())
}

// maxAnswers is how many sessions are remembered.
const maxAnswers = 8192

// answers are the sessions that stood, with what that was read from. A session that did not stand is not remembered.
// The zero answers is ready for use.
type answers struct {
	mu  sync.RWMutex
	was map[credential.SessionID]*answer
}

type answer struct {
	mu    sync.Mutex
	at    engine.Version // of the snapshot that was looked at last
	until time.Time
	reads []engine.Row
	cuts  any
}

// holds reports whether a session stood, and nothing has changed that this was read from.
func (m *answers) holds(snap *engine.Snapshot, s *credential.Session, now time.Time) bool {
	m.mu.RLock()
	a := m.was[s.ID]
	m.mu.RUnlock()
	if a == nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case !now.Before(a.until):
		return false
	case a.at == snap.Version():
		return true
	case !snap.Same(a.reads):
		return false
	case a.cuts != snap.Cuts() && leash(snap, s) != nil:
		return false
	}
	a.at, a.cuts = snap.Version(), snap.Cuts()
	return true
}

// remember keeps the answer for a session that stands. It empties a full map first: sessions that are in use are soon
// there again.
func (m *answers) remember(snap *engine.Snapshot, s *credential.Session, until time.Time) {
	a := &answer{at: snap.Version(), until: until, cuts: snap.Cuts()}
	grounds := s.Grounds
	if s.IsOld() {
		grounds, _ = oldGrounds(s)
	}
	a.reads = snap.Rows(grounds, s.PrincipalID)
	for by := s; by != nil; by = by.Asked.By {
		a.reads = snap.PolicyRows(a.reads, by.PolicyARNs)
	}
	for i := range s.Actors {
		for by := s.Actors[i].By; by != nil; by = by.Asked.By {
			a.reads = snap.PolicyRows(a.reads, by.PolicyARNs)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.was == nil || len(m.was) >= maxAnswers {
		m.was = make(map[credential.SessionID]*answer)
	}
	m.was[s.ID] = a
}
