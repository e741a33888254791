package policy

import "slices"

// memory is which statements had their conditions fulfilled, for the principal, the resource's account and the
// condition keys of the last decision. A statement is forgotten as soon as a key that its conditions read has another
// value, such as s3:prefix or s3:ExistingObjectTag. So what is remembered is what would be evaluated.
type memory struct {
	fulfilled map[*statement]bool
	principal Principal
	account   string
	context   []entry // a copy
}

// maxRepeated is how many steps the conditions of a statement may take without being remembered at a request's first
// decision. Most requests need one decision, and would remember for nothing.
const maxRepeated = 32

// align forgets what does not hold for this request.
func (m *Meter) align(r *Request) {
	m.decisions++
	old := m.memory
	if old == nil {
		return
	}
	if old.principal != r.Principal || old.account != r.ResourceAccount {
		m.memory = nil
		return
	}
	changed := changedKeys(old.context, r.Context.entries)
	if len(changed) == 0 {
		return
	}
	for s := range old.fulfilled {
		if !m.spend(1 + len(s.conditions)) {
			return
		}
		if s.readsAny(changed) {
			delete(old.fulfilled, s)
		}
	}
	old.context = slices.Clone(r.Context.entries)
}

// remember keeps that the conditions of s are fulfilled or not. took is how many steps it took to find out.
func (m *Meter) remember(r *Request, s *statement, fulfilled bool, took int) {
	if m.decisions == 1 && took <= maxRepeated || m.stop != NotStopped {
		return
	}
	if m.memory == nil {
		m.memory = &memory{
			fulfilled: map[*statement]bool{}, principal: r.Principal, account: r.ResourceAccount,
			context: slices.Clone(r.Context.entries),
		}
	}
	m.memory.fulfilled[s] = fulfilled
}

// changedKeys are the keys that have other values in b than in a, or that only one of them has.
func changedKeys(a, b []entry) (keys []string) {
	for i := range b {
		if i < len(a) && a[i].key == b[i].key && slices.Equal(a[i].values, b[i].values) {
			continue
		}
		if before, ok := find(a, b[i].key); !ok || !slices.Equal(before, b[i].values) {
			keys = append(keys, b[i].key)
		}
	}
	for i := range a {
		if i < len(b) && a[i].key == b[i].key {
			continue
		}
		if _, ok := find(b, a[i].key); !ok {
			keys = append(keys, a[i].key)
		}
	}
	return keys
}

func find(list []entry, key string) ([]string, bool) {
	for i := range list {
		if list[i].key == key {
			return list[i].values, true
		}
	}
	return nil, false
}

// readsAny reports whether a condition of the statement looks at one of the keys.
func (s *statement) readsAny(keys []string) bool {
	for i := range s.conditions {
		c := &s.conditions[i]
		if c.readsMany || slices.Contains(keys, c.key) {
			return true
		}
		for _, v := range c.reads {
			if slices.Contains(keys, v) {
				return true
			}
		}
	}
	return false
}
