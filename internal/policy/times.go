package policy

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// NextTime returns the earliest time after now at which the document may decide the same request otherwise, because a
// condition compares the present time with it. It returns the zero time if there is none. A condition that compares the
// present time in another way than with dates, or a text that contains the present time, may decide otherwise at once:
// NextTime then returns now.
func (d *Document) NextTime(now time.Time) (next time.Time) {
	if d == nil {
		return next
	}
	for i := range d.statements {
		s := &d.statements[i]
		for j := range s.conditions {
			if t := s.conditions[j].nextTime(now); !t.IsZero() && (next.IsZero() || t.Before(next)) {
				next = t
			}
		}
		if s.mentionsTime() {
			return now
		}
	}
	return next
}

func (c *condition) nextTime(now time.Time) (next time.Time) {
	if c.key != "aws:currenttime" && c.key != "aws:epochtime" {
		return next
	}
	for i := range c.values {
		v := &c.values[i]
		t := v.time
		if t.IsZero() {
			seconds, err := strconv.ParseFloat(v.text, 64)
			if err != nil {
				return now
			}
			t = time.Unix(int64(seconds), 0)
		}
		// The present time has whole seconds. A bound may hold up to its own second, so the next one counts, too.
		for _, t := range []time.Time{t.Truncate(time.Second), t.Truncate(time.Second).Add(time.Second)} {
			if t.After(now) && (next.IsZero() || t.Before(next)) {
				next = t
			}
		}
	}
	return next
}

// mentionsTime reports whether a policy variable of the statement is the present time.
func (s *statement) mentionsTime() bool {
	for _, p := range s.resources {
		if mentionsTime(p.text) {
			return true
		}
	}
	for i := range s.conditions {
		for _, v := range s.conditions[i].values {
			if mentionsTime(v.text) {
				return true
			}
		}
	}
	return false
}

// mentionsTime reports whether a text may contain a policy variable that is the present time.
func mentionsTime(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, "${") &&
		(strings.Contains(text, "aws:currenttime") || strings.Contains(text, "aws:epochtime"))
}

// All returns every document of the policies.
func (p *Policies) All() []*Document {
	all := slices.Concat(p.Identity, p.Session, p.Guard, p.Resource)
	if p.Boundary != nil {
		all = append(all, p.Boundary)
	}
	return all
}
