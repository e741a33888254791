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

// Plan has the changes that make the store equal to the server, in the order in which they are made.
type Plan struct {
	Conflicts []string // entries that are left unchanged, and why; ordered
	Counts    Counts
	Refused   string // why the plan is not applied unless the run is forced; empty: it is applied

	source  *Source
	storeID directory.StoreID
	listing *ldap.Listing
	now     time.Time

	removeMembers []removedMembership                  // memberships that end
	disable       []*directory.User                    // rows to be disabled
	deleteUsers   []*directory.User                    // rows
	deleteGroups  []*directory.Group                   // rows
	parkUsers     []*directory.User                    // rows whose name or address another row gets in this run
	parkGroups    []*directory.Group                   // the same
	users         []userPlan                           // by place in listing.Users
	groups        []groupPlan                          // by place in listing.Groups
	addMembers    []addedMembership                    // memberships that begin
	marks         map[string]store.SyncMark            // that change, by id
	before        struct{ users, groups, members int } // of the source, before the run
	present       map[directory.UserID]*directory.User // rows of the source
}

// Counts are the figures of a run.
type Counts struct {
	UsersRead, GroupsRead                                   int
	UsersCreated, UsersUpdated, UsersDisabled, UsersDeleted int
	GroupsCreated, GroupsUpdated, GroupsDeleted             int
	MembershipsCreated, MembershipsDeleted, ForeignMembers  int
}

// userPlan is the change of an entry's user. An entry without a row that is not created is left out.
type userPlan struct {
	row      *directory.User // nil: there is none yet
	update   bool
	create   bool
	name     string
	email    string
	disabled bool // what the source says after the run
}

type groupPlan struct {
	row    *directory.Group
	update bool
	create bool
	name   string
}

// removedMembership is a membership of two rows that the plan removes.
type removedMembership struct {
	group directory.GroupID
	user  directory.UserID
}

// addedMembership is a membership of two places in the listing that the plan adds. There may be millions.
type addedMembership struct{ g, u int32 }

// PlanInput is what a plan is made from.
type PlanInput struct {
	Source   *Source
	StoreID  directory.StoreID // the identity store of the source's account
	Listing  *ldap.Listing
	Snapshot *engine.Snapshot
	Marks    map[string]store.SyncMark // of the source, by id
	Now      time.Time                 // UTC
}

// MakePlan compares a listing with a snapshot. It reads nothing else and writes nothing.
func MakePlan(in PlanInput) *Plan {
	l, snap, marks := in.Listing, in.Snapshot, in.Marks
	p := &Plan{
		source:  in.Source,
		storeID: in.StoreID,
		listing: l,
		now:     in.Now,
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
	for id, m := range marks { // of rows that somebody else has deleted
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
	if to.ID = id; from != to && (from != store.SyncMark{} || !to.Absent.IsZero()) {
		p.marks[id] = to
	}
}

// planUsers plans the changes of users. It returns how many users of the source are absent for the first time.
func (p *Plan) planUsers(snap *engine.Snapshot, marks map[string]store.SyncMark) (fresh int) {
	rows := map[string]*directory.User{} // of the source, by the id there
	for u := range snap.PeopleOf(p.storeID) {
		if id := provision.ExternalID(u.ExternalIDs, p.source.Issuer()); id != "" {
			rows[id], p.present[u.ID] = u, u
			if marks[string(u.ID)].Absent.IsZero() {
				p.before.users++
			}
		}
	}
	listed, names, mails := p.userClaims(rows)
	holderOf := func(k directory.Key) keyHolder {
		h := snap.PersonByKey(p.storeID, k)
		if h == nil {
			return nobody
		}
		if _, ok := listed[h.ID]; ok {
			return listedEntry
		}
		if p.present[h.ID] != nil {
			return absentEntry
		}
		return otherOrigin
	}
	allot(names, holderOf, true)
	allot(mails, holderOf, false)

	evicted, parked := map[directory.UserID]bool{}, map[directory.UserID]bool{}
	for i := range p.users {
		e, u := &p.listing.Users[i], &p.users[i]
		if !p.nameUser(u, e, names[i], mails[i]) {
			continue
		}
		u.create = u.row == nil && !names[i].fixed
		for _, k := range []directory.Key{directory.NameKey(u.name), mailKey(u.email)} {
			if u.name == "" || k == "" {
				continue
			}
			if h := snap.PersonByKey(p.storeID, k); h != nil && (u.row == nil || h.ID != u.row.ID) {
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

// userClaims finds the rows of the listed users, and their claims to names and to addresses. listed has the place of
// each row's entry.
func (p *Plan) userClaims(
	rows map[string]*directory.User,
) (listed map[directory.UserID]int, names, mails []claim) {
	p.users = make([]userPlan, len(p.listing.Users))
	listed = make(map[directory.UserID]int, len(p.listing.Users))
	names, mails = make([]claim, len(p.users)), make([]claim, len(p.users))
	for i := range p.listing.Users {
		e, u := &p.listing.Users[i], &p.users[i]
		if u.row = rows[e.ID]; u.row != nil {
			listed[u.row.ID] = i
			names[i].have, mails[i].have = directory.NameKey(u.row.UserName), mailKey(emailOf(u.row))
		}
		u.disabled = e.Disabled
		bad := e.Problem != ""
		if !bad {
			probe := mergeUser(directory.User{}, e, e.UserName, e.Email)
			if err := probe.Check(); err != nil {
				p.conflict(e.DN, ruleText(err))
				bad = true
			}
		}
		if bad {
			names[i].fixed, mails[i].fixed = true, true
			continue
		}
		names[i].want, mails[i].want = directory.NameKey(e.UserName), mailKey(e.Email)
	}
	return listed, names, mails
}

// nameUser sets the name and the address that an entry's user gets. It returns false for an entry that is left out
// because it gets no name.
func (p *Plan) nameUser(u *userPlan, e *ldap.User, name, mail claim) bool {
	switch {
	case name.fixed:
		if u.row != nil {
			u.name, u.email = u.row.UserName, emailOf(u.row)
		}
	case name.denied && u.row == nil:
		p.conflict(e.DN, fmt.Sprintf("the user name %q is another's: the person is left out", e.UserName))
		return false
	case name.denied:
		p.conflict(e.DN, fmt.Sprintf("the user name %q is another's: the old one stays", e.UserName))
		u.name = u.row.UserName
	default:
		u.name = e.UserName
	}
	if !name.fixed && !mail.denied {
		u.email = e.Email
	}
	if mail.denied {
		p.conflict(e.DN, "the email address is another's: it is left out")
	}
	return true
}

func mailKey(address string) directory.Key {
	if address == "" {
		return ""
	}
	return directory.EmailKey(address)
}

// planUser plans the changes of an entry's row: its attributes, and what the source says about its status. An entry
// that cannot be read enables nobody.
func (p *Plan) planUser(u *userPlan, e *ldap.User, fixed bool, marks map[string]store.SyncMark) {
	if u.row == nil {
		return
	}
	p.mark(string(u.row.ID), marks[string(u.row.ID)], store.SyncMark{})
	said := u.row.Blocked(p.source.Issuer())
	u.disabled = u.disabled || fixed && said
	if u.disabled && !said {
		p.disable = append(p.disable, u.row)
	}
	if fixed {
		return
	}
	wanted := mergeUser(*u.row, e, u.name, u.email)
	u.update = !sameUser(&wanted, u.row) || said && !u.disabled // disabling is a step of its own
}

// absent plans the change of a row whose entry is absent. It reports whether the entry is absent for the first time.
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
	if !row.Blocked(p.source.Issuer()) {
		p.disable = append(p.disable, row)
	}
	p.mark(string(row.ID), old, store.SyncMark{Absent: since.Truncate(time.Microsecond)})
	return fresh
}
