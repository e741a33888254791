package credential

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
)

// A Ring is the list of keys that seal and open. The first key seals, and every key opens. Keys are therefore rotated
// in three steps, during which every node can open what any node sealed: add the new key behind the first on every
// node, move it to the front on every node, and remove the old key when everything that it sealed has expired. A Ring
// is safe for concurrent use, also while its keys are replaced. It does not print its keys.
type Ring struct {
	keys atomic.Pointer[[]*keyMaterial]
}

// NewRing makes a ring of at least one key. The first key seals. No two keys may have the same id.
func NewRing(keys ...Key) (*Ring, error) {
	r := new(Ring)
	return r, r.Replace(keys...)
}

// Replace replaces all keys of the ring at once. If it fails, the ring keeps its keys.
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

// Keys are the ring's keys. The first one seals.
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
