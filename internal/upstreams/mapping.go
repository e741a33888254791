package upstreams

import (
	"slices"
	"strings"
)

// Mapping says which buckets of a store are served, and under which names. At most one of its members is set; the zero
// Mapping is all buckets, as they are called in the store.
type Mapping struct {
	Only   []string          // these buckets alone; nil: no such limit
	Prefix string            // a bucket is called so in the store, followed by its name here
	Rename map[string]string // the names here and their names in the store; buckets without one are not served
}

// Stored returns the name that a bucket has in the store. ok is false if the upstream does not serve the bucket.
func (m *Mapping) Stored(name string) (stored string, ok bool) {
	switch {
	case m.Only != nil:
		return name, slices.Contains(m.Only, name)
	case m.Rename != nil:
		stored, ok = m.Rename[name]
		return stored, ok
	}
	return m.Prefix + name, true
}

// Named returns the name that a bucket of the store has here. ok is false if the upstream does not serve the bucket.
func (m *Mapping) Named(stored string) (name string, ok bool) {
	switch {
	case m.Only != nil:
		return stored, slices.Contains(m.Only, stored)
	case m.Rename != nil:
		for name, s := range m.Rename {
			if s == stored {
				return name, true
			}
		}
		return "", false
	}
	name, ok = strings.CutPrefix(stored, m.Prefix)
	return name, ok && name != ""
}

// All reports whether all buckets are served, as they are called in the store.
func (m *Mapping) All() bool { return m.Only == nil && m.Prefix == "" && m.Rename == nil }
