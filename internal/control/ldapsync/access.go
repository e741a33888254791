package ldapsync

import (
	"latchkey/internal/access"
	"latchkey/internal/control/entitlements"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
)

// AccessChange is a grant that a person loses or gains by a run.
type AccessChange struct {
	User   directory.UserID // empty: a person whom the run creates
	Name   string
	Gained bool // false: lost
	Grant  access.Grant
	Via    directory.GroupID // the group through which the person has, or had, the grant; empty: directly
}

// standing is what a person has before and after a run.
type standing struct {
	row           *directory.User // nil: a person whom the run creates
	name          string
	before, after entitlements.Standing
	left          map[directory.GroupID]bool // groups that the person leaves
}

// standings are the people whom a plan concerns, in the order in which the plan names them.
type standings struct {
	snap  *engine.Snapshot
	byID  map[directory.UserID]*standing
	order []*standing
}

// of returns the standing of a row.
func (all *standings) of(row *directory.User) *standing {
	s := all.byID[row.ID]
	if s == nil {
		s = &standing{
			row:    row,
			name:   row.UserName,
			before: entitlements.StandingOf(all.snap, row.ID),
			left:   map[directory.GroupID]bool{},
		}
		s.after.Enabled = s.before.Enabled
		all.byID[row.ID] = s
		all.order = append(all.order, s)
	}
	return s
}

// standings returns the people whom the plan concerns. The groups that somebody keeps are not in after yet.
func (p *Plan) standings(snap *engine.Snapshot) *standings {
	all := &standings{snap: snap, byID: map[directory.UserID]*standing{}}
	for _, c := range p.removeMembers {
		all.of(p.present[c.user]).left[c.group] = true
	}
	for _, row := range p.disable {
		all.of(row).after.Enabled = false
	}
	for _, row := range p.deleteUsers {
		all.of(row).after.Enabled = false
	}
	for i := range p.users {
		if u := &p.users[i]; u.row != nil && u.row.Disabled && !u.disabled &&
			!u.row.BlockedByOthers(p.source.Issuer()) {
			all.of(u.row).after.Enabled = true
		}
	}
	for _, g := range p.deleteGroups { // people of another origin may be members too
		for u := range snap.MembersOf(g.ID) {
			all.of(snap.Person(u)).left[g.ID] = true
		}
	}
	created := map[int32]*standing{}
	for _, c := range p.addMembers {
		g := p.groups[c.g].row
		if g == nil {
			continue // a new group has no grants
		}
		var s *standing
		if u := &p.users[c.u]; u.row != nil {
			s = all.of(u.row)
		} else if s = created[c.u]; s == nil {
			s = &standing{name: u.name, after: entitlements.Standing{Enabled: !u.disabled}}
			created[c.u], all.order = s, append(all.order, s)
		}
		s.after.Groups = append(s.after.Groups, g.ID)
	}
	return all
}

// Access returns the grants that people lose and gain by the plan, and how many people lose and gain some. changes has
// the losses first, and at most limit entries in all.
func (p *Plan) Access(snap *engine.Snapshot, limit int) (changes []AccessChange, losing, gaining int) {
	compare := entitlements.NewComparer(snap, p.source.Account)
	var gains []AccessChange
	for _, s := range p.standings(snap).order {
		var id directory.UserID
		if s.row != nil {
			id = s.row.ID
			for _, g := range s.before.Groups {
				if !s.left[g] {
					s.after.Groups = append(s.after.Groups, g)
				}
			}
		}
		d := compare.Change(id, s.before, s.after)
		if len(d.Lost) > 0 {
			losing++
		}
		if len(d.Gained) > 0 {
			gaining++
		}
		for _, h := range d.Lost {
			if len(changes) < limit {
				changes = append(changes, AccessChange{User: id, Name: s.name, Grant: h.Grant, Via: h.Via})
			}
		}
		for _, h := range d.Gained {
			if len(gains) < limit {
				gains = append(gains, AccessChange{User: id, Name: s.name, Gained: true, Grant: h.Grant, Via: h.Via})
			}
		}
	}
	return append(changes, gains[:min(len(gains), limit-len(changes))]...), losing, gaining
}
