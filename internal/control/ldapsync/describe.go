package ldapsync

import "latchkey/internal/directory"

// Described is one change of a run, in words.
type Described struct {
	Kind string // user, group or membership
	Name string
	Text string // what is done
}

// description collects at most limit changes.
type description struct {
	all   []Described
	limit int
}

// add describes n changes, as long as there is room. It leaves out changes without a text.
func (d *description) add(n int, describe func(i int) Described) {
	for i := 0; i < n && len(d.all) < d.limit; i++ {
		if one := describe(i); one.Text != "" {
			d.all = append(d.all, one)
		}
	}
}

// Describe describes at most limit changes of the plan. Removals come first.
func (p *Plan) Describe(nameOf func(directory.GroupID) string, limit int) []Described {
	d := description{limit: limit}
	d.add(len(p.disable), func(i int) Described {
		if p.disable[i].Disabled { // by somebody else, and from now on by this source, too
			return Described{"user", p.disable[i].UserName, "kept disabled"}
		}
		return Described{"user", p.disable[i].UserName, "disabled"}
	})
	d.add(len(p.deleteUsers), func(i int) Described { return Described{"user", p.deleteUsers[i].UserName, "deleted"} })
	d.add(len(p.deleteGroups), func(i int) Described {
		return Described{"group", p.deleteGroups[i].DisplayName, "deleted"}
	})
	d.add(len(p.removeMembers), func(i int) Described {
		c := p.removeMembers[i]
		return Described{"membership", p.present[c.user].UserName, "leaves " + nameOf(c.group)}
	})
	d.add(len(p.users), func(i int) Described {
		u, old := &p.users[i], ""
		if u.row != nil {
			old = u.row.UserName
		}
		return describeChange("user", old, u.name, u.create, u.update)
	})
	d.add(len(p.groups), func(i int) Described {
		g, old := &p.groups[i], ""
		if g.row != nil {
			old = g.row.DisplayName
		}
		return describeChange("group", old, g.name, g.create, g.update)
	})
	d.add(len(p.addMembers), func(i int) Described {
		c := p.addMembers[i]
		return Described{"membership", p.users[c.u].name, "joins " + p.groups[c.g].name}
	})
	return d.all
}

// describeChange describes the change of a user or group. old is its name before the change. The result is empty if
// nothing changes.
func describeChange(kind, old, name string, create, update bool) Described {
	switch {
	case create:
		return Described{kind, name, "created"}
	case update && old != name:
		return Described{kind, old, "renamed to " + name}
	case update:
		return Described{kind, name, "updated"}
	}
	return Described{}
}
