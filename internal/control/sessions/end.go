package sessions

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/sightings"
	"latchkey/internal/store"
)

// maxListed is how many of the grounds that were cut an answer names.
const maxListed = 100

// Ended says what was cut.
type Ended struct {
	Grounds []credential.Ground // the first ones
	Count   int
}

func (e *Ended) cut(tx *store.Tx, grounds ...credential.Ground) error {
	e.Count += len(grounds)
	e.Grounds = append(e.Grounds, grounds[:min(len(grounds), maxListed-len(e.Grounds))]...)
	return tx.Cut(store.Ended, grounds...)
}

// End ends every session that hangs on something of the caller's account, at its next request, for good. What is ended
// by a group are the sessions that hang on the group, and all sessions of the people who are in it now. Long-term keys
// and people go on working: what they get from now on is not ended. The action is latchkey:EndSessions.
func (s *Sessions) End(ctx context.Context, call *control.Call, which Which) (*Ended, error) {
	if err := call.May("latchkey:EndSessions", "*", policy.Values{}, nil, call.Account); err != nil {
		return nil, err
	}
	t, err := s.find(ctx, call, which)
	if err != nil {
		return nil, err
	}
	var single []credential.Ground
	if t.from.IsValid() {
		for _, seen := range s.Seen.After(0, -1, s.ofAddress(call, t.from)) {
			single = append(single, credential.Ground{Kind: credential.OnSession, ID: seen.ID.String()})
		}
	}
	var ended *Ended
	err = s.Control.Update(ctx, call, func(tx *store.Tx) (err error) {
		if ended, err = t.end(ctx, tx, single); err != nil {
			return err
		}
		call.Event.ResponseElements = map[string]any{"ended": ended.Count}
		return nil
	})
	return ended, err
}

// ofAddress matches the live sessions of the caller's account that were used from an address.
func (s *Sessions) ofAddress(call *control.Call, from netip.Addr) func(*sightings.Sighting) bool {
	return func(seen *sightings.Sighting) bool {
		return seen.Account == string(call.Account) && call.Facts.Time.Before(seen.Expires) &&
			slices.Contains(seen.Addresses, from)
	}
}

// end cuts what the target names, or single sessions.
func (t *target) end(ctx context.Context, tx *store.Tx, single []credential.Ground) (*Ended, error) {
	ended := &Ended{}
	if t.from.IsValid() {
		return ended, ended.cut(tx, single...)
	}
	if err := ended.cut(tx, t.ground); err != nil || t.group == nil {
		return ended, err
	}
	const page = 1000
	for after := int64(0); ; {
		members, err := store.MembershipsOfGroup(ctx, tx, t.group.ID, after, page)
		if err != nil {
			return nil, err
		}
		for _, m := range members {
			if err := ended.cut(tx, onPerson(m.User)); err != nil {
				return nil, err
			}
			after = m.Seq
		}
		if len(members) < page {
			return ended, nil
		}
	}
}

func onPerson(id directory.UserID) credential.Ground {
	return credential.Ground{Kind: credential.OnPerson, ID: string(id)}
}

// find finds what a Which names, as Which.find does. A session must belong to the caller's account.
func (s *Sessions) find(ctx context.Context, call *control.Call, which Which) (target, error) {
	if strings.HasPrefix(which.AccessKey, credential.AccessKeyPrefix) && which.count() == 1 {
		seen := s.Seen.After(0, 1, func(seen *sightings.Sighting) bool {
			return seen.AccessKeyID == which.AccessKey && seen.Account == string(call.Account)
		})
		if len(seen) == 0 {
			return target{}, wrong("This node has seen no session of the account with the access key %s; give the session's id",
				which.AccessKey)
		}
		return target{ground: credential.Ground{Kind: credential.OnSession, ID: seen[0].ID.String()}}, nil
	}
	t, err := which.find(call.Snapshot, call.Account)
	if err == nil && t.ground.Kind == credential.OnSession {
		err = s.owned(ctx, call, t.ground.ID)
	}
	return t, err
}

// How much of the audit log is searched for one session.
const (
	maxPages  = 50
	pageOfLog = 1000
)

// owned checks that a session belongs to the caller's account: this node has seen it, or the account's audit log says
// that it was made.
func (s *Sessions) owned(ctx context.Context, call *control.Call, id string) error {
	parsed, err := parseSession(id)
	if err != nil {
		return err
	}
	if seen, ok := s.Seen.Get(parsed); ok && seen.Account == string(call.Account) {
		return nil
	}
	last := int64(0)
	for range maxPages {
		if err := ctx.Err(); err != nil {
			return err
		}
		var made []store.Record
		made, last, err = s.Control.DB.SessionRecords(ctx, string(call.Account), last,
			call.Facts.Time.Add(-maxSession), pageOfLog)
		if err != nil {
			return err
		}
		for i := range made {
			if r := newMade(&made[i]); r.SessionID == id && r.in(call.Snapshot, call.Account) {
				return nil
			}
		}
		if last == 0 {
			break
		}
	}
	return fault.New(fault.Invalid, fault.Member, "No session of the account is known by the id %s", id)
}

// in reports whether the session that was made belongs to an account.
func (m *made) in(snap *engine.Snapshot, account access.AccountID) bool {
	if m.RoleID == "" {
		return true // GetSessionToken: only the caller's own account has the record
	}
	r := snap.Role(m.RoleID)
	return r != nil && r.Account == account
}

// roleARN is the ARN of a role that exists.
func roleARN(r *iam.Role) string {
	if r == nil {
		return ""
	}
	return r.ARN()
}
