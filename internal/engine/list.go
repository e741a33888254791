package engine

import (
	"slices"
	"sync/atomic"
)

// list is a persistent map whose entries can also be read in one order. The ordered slice is made when it is first
// needed, and kept until the next change. The zero list is empty.
type list[K ~string, V any] struct {
	entries pmap[K, V]
	ordered *lazy[[]V]
}

func (l *list[K, V]) set(t *token, k K, v V) {
	l.entries.set(t, k, v)
	l.ordered = new(lazy[[]V])
}

func (l *list[K, V]) delete(t *token, k K) {
	l.entries.delete(t, k)
	l.ordered = new(lazy[[]V])
}

// sorted returns every entry in the order of compare, which must be the same at every call. The slice is shared: nobody
// may change it.
func (l *list[K, V]) sorted(compare func(a, b V) int) []V {
	if l.entries.len() == 0 {
		return nil
	}
	return *l.ordered.get(func() *[]V {
		all := make([]V, 0, l.entries.len())
		for _, v := range l.entries.all() {
			all = append(all, v)
		}
		slices.SortFunc(all, compare)
		return &all
	})
}

// lazy is a value that is made when it is first needed. Two readers may make it at the same time. Both must then get
// equal values.
type lazy[T any] struct{ p atomic.Pointer[T] }

func (l *lazy[T]) get(make func() *T) *T {
	if v := l.p.Load(); v != nil {
		return v
	}
	v := make()
	if l.p.CompareAndSwap(nil, v) {
		return v
	}
	return l.p.Load()
}
