package sessions

import (
	"context"
	"encoding/base64"
	"strings"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/control"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

// History is a page of the generations of one thing that sessions hang on.
type History struct {
	Cuts []store.Cut
	Next string
}

// History lists when the sessions that hang on something were cut, oldest first, and why. It is kept for good,
// apart from the audit log; only single sessions are forgotten after they have expired. The action is
// latchkey:ListSessionHistory.
func (s *Sessions) History(ctx context.Context, call *control.Call, which Which, page Page) (*History, error) {
	if err := call.May("latchkey:ListSessionHistory", "*", policy.Values{}, nil, call.Account); err != nil {
		return nil, err
	}
	if which.SourceIP != "" {
		return nil, wrong("An address has no history: leave SourceIp out")
	}
	t, err := s.find(ctx, call, which)
	if err != nil {
		return nil, err
	}
	name := strings.Join([]string{"ListSessionHistory", string(call.Account), store.CutID(t.ground)}, "\x00")
	after, err := s.Control.After(name, page.Token)
	if err != nil {
		return nil, err
	}
	out := &History{}
	if out.Cuts, err = store.CutsOf(ctx, s.Control.DB, t.ground, store.Rev(after), page.Size); err != nil {
		return nil, err
	}
	if len(out.Cuts) == page.Size {
		out.Next = s.Control.NextToken(name, int64(out.Cuts[page.Size-1].Rev))
	}
	return out, nil
}

// Then asks who was in a group, or in which groups a user was. One of User and Group is set, as in Which.
type Then struct {
	User, Group string
	At          time.Time // zero: now
}

// Membership is a membership of a time. The names are those of now, and empty for what is deleted.
type Membership struct {
	store.PastMembership
	UserName, GroupName string
}

// Memberships is a page of memberships.
type Memberships struct {
	Members []Membership
	Next    string
}

// Memberships lists who was in what at a time, since when and until when. Users and groups that are deleted are
// found by their ids. It is kept for good, apart from the audit log. The action is latchkey:ListMembershipHistory.
func (s *Sessions) Memberships(ctx context.Context, call *control.Call, then Then, page Page) (*Memberships, error) {
	if err := call.May("latchkey:ListMembershipHistory", "*", policy.Values{}, nil, call.Account); err != nil {
		return nil, err
	}
	f, in, err := then.filter(call, page)
	if err != nil {
		return nil, err
	}
	name := strings.Join([]string{"ListMembershipHistory", string(call.Account), string(f.Group), string(f.User),
		then.At.Format(time.RFC3339Nano)}, "\x00")
	if f.After, err = s.after(name, page.Token); err != nil {
		return nil, err
	}
	all, err := store.MembershipsAt(ctx, s.Control.DB, f)
	if err != nil {
		return nil, err
	}
	out := &Memberships{}
	for i := range all {
		if all[i].Store != in {
			continue // of another account's directory
		}
		m := Membership{PastMembership: all[i]}
		if u := call.Snapshot.Person(m.User); u != nil {
			m.UserName = u.UserName
		}
		if g := call.Snapshot.Group(m.Group); g != nil {
			m.GroupName = g.DisplayName
		}
		out.Members = append(out.Members, m)
	}
	if n := len(all); n == page.Size {
		last := string(all[n-1].User)
		if f.User != "" {
			last = string(all[n-1].Group)
		}
		out.Next = s.next(name, last)
	}
	return out, nil
}

// filter finds the user or the group, and the identity store that they must belong to.
func (t *Then) filter(call *control.Call, page Page) (f store.MembershipsThen, in directory.StoreID, err error) {
	if (t.User == "") == (t.Group == "") {
		return f, in, wrong("Exactly one of User and Group must be given")
	}
	if in, err = identityStore(call.Snapshot, call.Account); err != nil {
		return f, in, err
	}
	f.At, f.Limit = t.At, page.Size
	if f.At.IsZero() {
		f.At = call.Facts.Time
	}
	if f.At.After(call.Facts.Time) {
		return f, in, wrong("AsOf must not be in the future")
	}
	gone := uuid.Validate(t.User+t.Group) == nil // it may be the id of somebody who is deleted
	if t.User != "" {
		u, err := person(call.Snapshot, call.Account, t.User)
		switch {
		case err == nil:
			f.User = u.ID
		case gone:
			f.User = directory.UserID(t.User)
		default:
			return f, in, err
		}
		return f, in, nil
	}
	g, err := group(call.Snapshot, call.Account, t.Group)
	switch {
	case err == nil:
		f.Group = g.ID
	case gone:
		f.Group = directory.GroupID(t.Group)
	default:
		return f, in, err
	}
	return f, in, nil
}

// next and after are Control.NextToken and Control.After for a list that is ordered by a text.
func (s *Sessions) next(list, after string) string {
	return base64.RawURLEncoding.EncodeToString(s.Control.Ring.Seal("page:"+list, []byte(after)))
}

func (s *Sessions) after(list, token string) (string, error) {
	if token == "" {
		return "", nil
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err == nil {
		var text []byte
		if text, err = s.Control.Ring.Unseal("page:"+list, sealed); err == nil {
			return string(text), nil
		}
	}
	return "", fault.New(fault.Invalid, fault.NextToken, "The provided NextToken is not valid.").Because(err)
}
