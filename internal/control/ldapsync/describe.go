package ldapsync

import "latchkey/internal/directory"

// Described is one thing that a run does, in words.
type Described struct {
	Kind string // user, group or membership
	Name string
	Text string // what is done
}

// description is what was described so far, at most limit things.
type description struct {
	all   []Described
	limit int
}

// add describes n things, as long as there is room for them. What has no text is left out.
func (d *description) add(n int, describe func(i int) Described) {
	for i := 0; i < n && len(d.all) < d.limit; i++ {
		if one := describe(i); one.Text != "" {
			d.all = append(d.all, one)
		}
	}
}

// Describe tells what the plan does, what it takes away first: at most limit things.
func (p *Plan) Describe(nameOf func(directory.GroupID) string, limit int) []Described {
	d := description{limit: limit}
	d.add(len(p.disable), func(i int) Described { return Described{"user", p.disable[i].UserName, "disabled"} })
	d.add(len(p.deleteUsers), func(i int) Described { return Described{"user", p.deleteUsers[i].UserName, "deleted"} })
	d.add(len(p.deleteGroup), func(i int) Described { return Described{"group", p.deleteGroup[i].DisplayName, "deleted"} })
	d.add(len(p.leave), func(i int) Described {
		c := p.leave[i]
		return Described{"membership", p.present[c.user].UserName, "leaves " + nameOf(c.group)}
	})
	d.add(len(p.users), func(i int) Described {
		u, old := &p.users[i], ""
		if u.row != nil {
			old = u.row.UserName
		}
		return put("user", old, u.name, u.create, u.update)
	})
	d.add(len(p.groups), func(i int) Described {
		g, old := &p.groups[i], ""
		if g.row != nil {
			old = g.row.DisplayName
		}
		return put("group", old, g.name, g.create, g.update)
	})
	d.add(len(p.join), func(i int) Described {
		c := p.join[i]
		return Described{"membership", p.users[c.u].name, "joins " + p.groups[c.g].name}
	})
	return d.all
}

// put describes what becomes of a user or group whose name was old; nothing if it stays as it is.
func put(kind, old, name string, create, update bool) Described {
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
