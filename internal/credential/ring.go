package credential

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
)

// A Ring holds the keys that seal and open. The first key seals, all keys open, so keys are rotated in three steps
// that leave no node behind: add the new key behind the first on every node, move it to the front on every node, and
// drop the old key when what it sealed has expired. It is safe for concurrent use, also while its keys are replaced.
// A Ring does not print its keys.
type Ring struct {
	keys atomic.Pointer[[]*keyMaterial]
}

// NewRing makes a ring of one key at least, the first of which seals. No two may have the same id.
func NewRing(keys ...Key) (*Ring, error) {
	r := new(Ring)
	return r, r.Replace(keys...)
}

// Replace exchanges the ring's keys, all at once. On an error the ring keeps those it has.
func (r *Ring) Replace(keys ...Key) error {
	if len(keys) == 0 {
		return errors.New("a key ring needs a key")
	}
	all := make([]*keyMaterial, len(keys))
	for i, k := range keys {
		if k.material == nil {
			return errors.New("a key ring cannot hold the zero key")
		}
		if slices.ContainsFunc(all[:i], func(m *keyMaterial) bool { return m.id == k.ID() }) {
			return fmt.Errorf("the key ring holds %s twice", k)
		}
		all[i] = k.material()
	}
	r.keys.Store(&all)
	return nil
}

// Keys are the ring's keys, the sealing one first.
func (r *Ring) Keys() []Key {
	all := *r.keys.Load()
	keys := make([]Key, len(all))
	for i, m := range all {
		keys[i] = m.key()
	}
	return keys
}

func (r *Ring) newest() *keyMaterial { return (*r.keys.Load())[0] }

func (r *Ring) find(id KeyID) *keyMaterial {
	for _, m := range *r.keys.Load() {
		if m.id == id {
			return m
		}
	}
	return nil
}

// String names the keys by their ids.
func (r *Ring) String() string {
	ids := make([]string, 0, 2)
	for _, k := range r.Keys() {
		ids = append(ids, k.ID().String())
	}
	return "key ring " + strings.Join(ids, " ")
}

// GoString names the keys by their ids.
func (r *Ring) GoString() string { return r.String() }

// LogValue names the keys by their ids.
func (r *Ring) LogValue() slog.Value { return slog.StringValue(r.String()) }
