package ldapsync

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"latchkey/internal/control/provision"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
	"latchkey/internal/ldap"
	"latchkey/internal/store"
)

// Plan is what has to be done for the store to have what the server has, in the order in which it is done.
type Plan struct {
	Conflicts []string // what is left as it is, and why; ordered
	Counts    Counts
	Refused   string // why the run must not be applied unless it is forced; empty: it may

	source  *Source
	in      directory.StoreID
	listing *ldap.Listing
	now     time.Time

	leave       []ending                             // memberships that end
	disable     []*directory.User                    // rows to be disabled
	deleteUsers []*directory.User                    // rows
	deleteGroup []*directory.Group                   // rows
	parkUsers   []*directory.User                    // rows whose name or address goes to another one in this run
	parkGroups  []*directory.Group                   // the same
	users       []userPlan                           // by place in listing.Users
	groups      []groupPlan                          // by place in listing.Groups
	join        []beginning                          // memberships that begin
	marks       map[string]store.SyncMark            // that change, by id
	had         struct{ users, groups, members int } // of the source, before the run
	present     map[directory.UserID]*directory.User // rows of the source
}

// Counts are the figures of a run.
type Counts struct {
	UsersRead, GroupsRead                                   int
	UsersCreated, UsersUpdated, UsersDisabled, UsersDeleted int
	GroupsCreated, GroupsUpdated, GroupsDeleted             int
	MembershipsCreated, MembershipsDeleted, ForeignMembers  int
}

// userPlan is what becomes of an entry: left out when there is neither a row nor a new one.
type userPlan struct {
	row    *directory.User // nil: there is none yet
	update bool
	create bool
	name   string
	email  string
	off    bool // disabled afterwards
}

type groupPlan struct {
	row    *directory.Group
	update bool
	create bool
	name   string
}

// ending is a membership of rows.
type ending struct {
	group directory.GroupID
	user  directory.UserID
}

// beginning is a membership of places in the listing. There may be millions.
type beginning struct{ g, u int32 }

// MakePlan compares a listing with a snapshot. It reads nothing else and writes nothing. marks are those of the source.
func MakePlan(
	s *Source, in directory.StoreID, l *ldap.Listing, snap *engine.Snapshot, marks map[string]store.SyncMark,
	now time.Time,
) *Plan {
	p := &Plan{
		source:  s,
		in:      in,
		listing: l,
		now:     now,
		marks:   map[string]store.SyncMark{},
		present: map[directory.UserID]*directory.User{},
	}
	p.Counts.UsersRead, p.Counts.GroupsRead, p.Counts.ForeignMembers = len(l.Users), len(l.Groups), l.Foreign
	for _, c := range l.Conflicts {
		p.conflict(c.DN, c.Text)
	}
	gone := p.planUsers(snap, marks)
	goneGroups := p.planGroups(snap, marks)
	removed := p.planMembers(snap, goneGroups)
	for id, m := range marks { // of what somebody else has deleted
		if snap.Person(directory.UserID(id)) == nil && snap.Group(directory.GroupID(id)) == nil {
			p.mark(id, m, store.SyncMark{})
		}
	}
	p.count()
	p.guard(gone, len(goneGroups.fresh), removed)
	slices.Sort(p.Conflicts)
	return p
}

func (p *Plan) conflict(dn, text string) { p.Conflicts = append(p.Conflicts, dn+": "+text) }

func (p *Plan) mark(id string, from, to store.SyncMark) {
	if to.ID = id; from != to && (from != store.SyncMark{} || !to.Absent.IsZero() || to.Disabled) {
		p.marks[id] = to
	}
}

// planUsers plans the rows of users, and returns how many are found gone for the first time.
func (p *Plan) planUsers(snap *engine.Snapshot, marks map[string]store.SyncMark) (fresh int) {
	rows := map[string]*directory.User{} // of the source, by the id there
	for u := range snap.PeopleOf(p.in) {
		if id := provision.ExternalID(u.ExternalIDs, p.source.Issuer()); id != "" {
			rows[id], p.present[u.ID] = u, u
			if marks[string(u.ID)].Absent.IsZero() {
				p.had.users++
			}
		}
	}
	p.users = make([]userPlan, len(p.listing.Users))
	listed := make(map[directory.UserID]int, len(p.listing.Users))
	names, mails := make([]claim, len(p.users)), make([]claim, len(p.users))
	for i := range p.listing.Users {
		e, u := &p.listing.Users[i], &p.users[i]
		if u.row = rows[e.ID]; u.row != nil {
			listed[u.row.ID] = i
			names[i].have, mails[i].have = directory.NameKey(u.row.UserName), mailKey(emailOf(u.row))
		}
		u.off = e.Disabled
		bad := e.Problem != ""
		if !bad {
			probe := mergeUser(directory.User{}, e, e.UserName, e.Email)
			if err := probe.Check(); err != nil {
				p.conflict(e.DN, rule(err))
				bad = true
			}
		}
		if bad {
			names[i].fixed, mails[i].fixed = true, true
			continue
		}
		names[i].want, mails[i].want = directory.NameKey(e.UserName), mailKey(e.Email)
	}
	holderOf := func(k directory.Key) holder {
		h := snap.PersonByKey(p.in, k)
		if h == nil {
			return nobody
		}
		if _, ok := listed[h.ID]; ok {
			return mover
		}
		if p.present[h.ID] != nil {
			return leaver
		}
		return foreign
	}
	allot(names, holderOf, true)
	allot(mails, holderOf, false)

	evicted, parked := map[directory.UserID]bool{}, map[directory.UserID]bool{}
	for i := range p.users {
		e, u := &p.listing.Users[i], &p.users[i]
		switch {
		case names[i].fixed:
			if u.row != nil {
				u.name, u.email = u.row.UserName, emailOf(u.row)
			}
		case names[i].denied && u.row == nil:
			p.conflict(e.DN, fmt.Sprintf("the user name %q is another's: the person is left out", e.UserName))
			continue
		case names[i].denied:
			p.conflict(e.DN, fmt.Sprintf("the user name %q is another's: the old one stays", e.UserName))
			u.name = u.row.UserName
		default:
			u.name = e.UserName
		}
		if !names[i].fixed && !mails[i].denied {
			u.email = e.Email
		}
		if mails[i].denied {
			p.conflict(e.DN, "the email address is another's: it is left out")
		}
		u.create = u.row == nil && !names[i].fixed
		for _, k := range []directory.Key{directory.NameKey(u.name), mailKey(u.email)} {
			if u.name == "" || k == "" {
				continue
			}
			if h := snap.PersonByKey(p.in, k); h != nil && (u.row == nil || h.ID != u.row.ID) {
				if _, stays := listed[h.ID]; stays {
					parked[h.ID] = true
				} else {
					evicted[h.ID] = true
				}
			}
		}
		p.planUser(u, e, names[i].fixed, marks)
	}
	for id, row := range p.present {
		if _, ok := listed[id]; !ok && p.absent(row, marks[string(id)], evicted[id]) {
			fresh++
		}
		if parked[id] {
			p.parkUsers = append(p.parkUsers, row)
		}
	}
	byID := func(a, b *directory.User) int { return cmp.Compare(a.ID, b.ID) } // the same plan every time
	slices.SortFunc(p.disable, byID)
	slices.SortFunc(p.deleteUsers, byID)
	slices.SortFunc(p.parkUsers, byID)
	return fresh
}

func mailKey(address string) directory.Key {
	if address == "" {
		return ""
	}
	return directory.EmailKey(address)
}

// planUser plans the row of an entry: its attributes, and whether it is disabled. Whom the source did not disable it
// does not enable.
func (p *Plan) planUser(u *userPlan, e *ldap.User, fixed bool, marks map[string]store.SyncMark) {
	if u.row == nil {
		return
	}
	old := marks[string(u.row.ID)]
	next := store.SyncMark{Disabled: old.Disabled}
	wasOff := u.row.Disabled
	switch {
	case u.off && !wasOff:
		next.Disabled = true
		p.disable = append(p.disable, u.row)
	case !u.off && wasOff && (fixed || !old.Disabled):
		u.off = true // an administrator's doing; or nobody is let in again by an entry that cannot be read
	case !u.off:
		next.Disabled = false
	}
	p.mark(string(u.row.ID), old, next)
	if fixed {
		return
	}
	wanted := mergeUser(*u.row, e, u.name, u.email)
	wanted.Disabled = u.off
	now := *u.row
	now.Disabled = u.row.Disabled || u.off // to disable is a step of its own
	u.update = !sameUser(&wanted, &now)
}

// absent plans what becomes of a row whose entry is gone. It reports whether that is new.
func (p *Plan) absent(row *directory.User, old store.SyncMark, evicted bool) (fresh bool) {
	fresh = old.Absent.IsZero()
	since := old.Absent
	if fresh {
		since = p.now
	}
	if evicted || !p.now.Before(since.Add(p.source.DeleteAfter)) {
		p.deleteUsers = append(p.deleteUsers, row)
		p.mark(string(row.ID), old, store.SyncMark{})
		return fresh
	}
	next := store.SyncMark{Absent: since.Truncate(time.Microsecond), Disabled: old.Disabled}
	if !row.Disabled {
		next.Disabled = true
		p.disable = append(p.disable, row)
	}
	p.mark(string(row.ID), old, next)
	return fresh
}
