package sessions

import (
	"context"
	"slices"
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/sightings"
)

// Page asks for a part of a list.
type Page struct {
	Token string
	Size  int // more than 0
}

// List is a page of sessions. It may have fewer entries than were asked for even when more pages follow.
type List struct {
	Entries []*Entry
	Next    string
	// SeenSince is the time from which on this node knows the uses of all live sessions that it has authenticated.
	SeenSince time.Time
}

// List lists the sessions of the caller's account that have not expired, those that have ended included: all of
// them, or those that hang on one thing. The audit log says which sessions were made, newest first; this node's
// own sightings say when and from where they were used. Sessions that no record tells of any more, and those of an
// address, are listed by the sightings alone. The action is latchkey:ListSessions.
func (s *Sessions) List(ctx context.Context, call *control.Call, which Which, page Page) (*List, error) {
	if err := call.May("latchkey:ListSessions", "*", policy.Values{}, nil, call.Account); err != nil {
		return nil, err
	}
	q := &query{Sessions: s, call: call, size: page.Size, list: &List{SeenSince: s.Seen.Since()}}
	var err error
	if which.count() > 0 {
		if q.target, err = s.find(ctx, call, which); err != nil {
			return nil, err
		}
	}
	q.name = strings.Join([]string{"ListSessions", string(call.Account), q.target.ground.Kind.String(),
		q.target.ground.ID, q.target.from.String()}, "\x00")
	after, err := s.Control.After(q.name, page.Token)
	if err != nil {
		return nil, err
	}
	if q.target.from.IsValid() && after >= 0 {
		after = -1
	}
	if after >= 0 {
		if done, err := q.made(ctx, after); err != nil || done {
			return q.list, err
		}
		after = -1
	}
	return q.list, q.seen(ctx, -after-1)
}

// query is one page that is being filled. The number in its token is the id of an audit record or, if it is negative,
// one less than the negative number of a sighting.
type query struct {
	*Sessions
	call   *control.Call
	target target // zero: everything
	size   int
	name   string
	list   *List
}

// made adds the sessions that the audit log tells of, from the records below an id. It reports whether the page is
// done.
func (q *query) made(ctx context.Context, below int64) (done bool, err error) {
	now := q.call.Facts.Time
	records, last, err := q.Control.DB.SessionRecords(ctx, string(q.call.Account), below, now.Add(-maxSession), pageOfLog)
	if err != nil {
		return true, err
	}
	for i := range records {
		m := newMade(&records[i])
		if m.SessionID == "" || !now.Before(m.Expires) || !m.in(q.call.Snapshot, q.call.Account) {
			continue
		}
		m.complete(q.call.Snapshot, q.Seen)
		if q.add(&m.Entry) {
			q.list.Next = q.Control.NextToken(q.name, records[i].ID)
			return true, nil
		}
	}
	if last != 0 {
		q.list.Next = q.Control.NextToken(q.name, last)
		return true, nil
	}
	return false, nil
}

// seen adds the sessions that only this node's sightings tell of.
func (q *query) seen(ctx context.Context, after int64) error {
	oldest, err := q.Control.DB.OldestRecord(ctx, string(q.call.Account))
	if err != nil {
		return err
	}
	now := q.call.Facts.Time
	ofAddress := q.ofAddress(q.call, q.target.from)
	all := q.Seen.After(after, q.size, func(s *sightings.Sighting) bool {
		switch {
		case q.target.from.IsValid():
			return ofAddress(s)
		case s.Account != string(q.call.Account) || !now.Before(s.Expires):
			return false
		}
		return s.Old || oldest.IsZero() || s.Issued.Before(oldest.Truncate(time.Second))
	})
	for i := range all {
		if q.add(newSeen(q.call.Snapshot, &all[i])) {
			q.list.Next = q.Control.NextToken(q.name, -all[i].Number-1)
			return nil
		}
	}
	if len(all) == q.size {
		q.list.Next = q.Control.NextToken(q.name, -all[q.size-1].Number-1)
	}
	return nil
}

// add adds a session if it matches. It reports whether the page is full.
func (q *query) add(e *Entry) (full bool) {
	snap := q.call.Snapshot
	if !q.target.matches(snap, e) {
		return false
	}
	person, strange := snap.Person(directory.UserID(e.UserID)), false
	if person != nil {
		center := snap.IdentityCenter(q.call.Account)
		strange = center == nil || string(person.Store) != center.IdentityStoreID
	}
	if person != nil && !strange { // another account's directory is not this caller's to read
		e.UserName = person.UserName
	}
	if e.atStore || q.Revocation == caller.AtExpiry && e.Kind == kinds[credential.Vended] {
		e.Ended, e.Reason = false, ""
	} else if why := caller.GroundsStand(snap, e.grounds, e.revision, e.decided); why != nil {
		if e.Ended, e.Reason = true, why.Message(); strange {
			e.Reason = "something that the session hangs on has gone"
		}
	}
	q.list.Entries = append(q.list.Entries, e)
	return len(q.list.Entries) == q.size
}

// matches reports whether a session hangs on the target, as far as is known of it.
func (t *target) matches(snap *engine.Snapshot, e *Entry) bool {
	return t.ground.Kind == 0 || slices.Contains(e.grounds, t.ground) ||
		t.group != nil && snap.InGroup(directory.UserID(e.UserID), t.group.ID)
}

// arnOf is the ARN of the user, role or root user with an immutable id; empty: it is deleted.
func arnOf(snap *engine.Snapshot, id string) string {
	if u := snap.User(id); u != nil {
		return u.ARN()
	}
	if a := access.AccountID(id); snap.Account(a) != nil {
		return iam.RootARN(a)
	}
	return roleARN(snap.Role(id))
}
