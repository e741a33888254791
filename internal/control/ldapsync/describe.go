package ldapsync

import "latchkey/internal/directory"

// Described is one thing that a run does, in words.
type Described struct {
	Kind string // user, group or membership
	Name string
	Text string // what is done
}

// Describe tells what the plan does, what it takes away first: at most limit things.
func (p *Plan) Describe(nameOf func(directory.GroupID) string, limit int) (all []Described) {
	say := func(kind, name, text string) bool {
		if len(all) < limit {
			all = append(all, Described{kind, name, text})
		}
		return len(all) < limit
	}
	for _, u := range p.disable {
		if !say("user", u.UserName, "disabled") {
			return all
		}
	}
	for _, u := range p.deleteUsers {
		if !say("user", u.UserName, "deleted") {
			return all
		}
	}
	for _, g := range p.deleteGroup {
		if !say("group", g.DisplayName, "deleted") {
			return all
		}
	}
	for _, c := range p.leave {
		if !say("membership", p.present[c.user].UserName, "leaves "+nameOf(c.group)) {
			return all
		}
	}
	for i := range p.users {
		u := &p.users[i]
		switch {
		case u.create:
			say("user", u.name, "created")
		case u.update && u.row.UserName != u.name:
			say("user", u.row.UserName, "renamed to "+u.name)
		case u.update:
			say("user", u.name, "updated")
		}
		if len(all) == limit {
			return all
		}
	}
	for i := range p.groups {
		g := &p.groups[i]
		switch {
		case g.create:
			say("group", g.name, "created")
		case g.update && g.row.DisplayName != g.name:
			say("group", g.row.DisplayName, "renamed to "+g.name)
		case g.update:
			say("group", g.name, "updated")
		}
		if len(all) == limit {
			return all
		}
	}
	for _, c := range p.join {
		if !say("membership", p.users[c.u].name, "joins "+p.groups[c.g].name) {
			return all
		}
	}
	return all
}
