package buckets

import (
	"context"
	"sync"
)

// locks has one lock for each name. The zero locks is ready for use.
type locks struct {
	mu     sync.Mutex
	byName map[string]*nameLock
}

// nameLock is the lock of one name. It exists while somebody has it or waits for it.
type nameLock struct {
	locked chan struct{} // has a value while somebody has the lock
	users  int
}

// lock waits for the lock of a name until ctx ends. It does not wait for the locks of other names.
func (l *locks) lock(ctx context.Context, name string) (unlock func(), err error) {
	l.mu.Lock()
	n := l.byName[name]
	if n == nil {
		n = &nameLock{locked: make(chan struct{}, 1)}
		if l.byName == nil {
			l.byName = make(map[string]*nameLock)
		}
		l.byName[name] = n
	}
	n.users++
	l.mu.Unlock()
	select {
	case n.locked <- struct{}{}:
		return func() { <-n.locked; l.leave(name, n) }, nil
	case <-ctx.Done():
		l.leave(name, n)
		return nil, ctx.Err()
	}
}

// leave removes the lock of a name when nobody uses it any more.
func (l *locks) leave(name string, n *nameLock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n.users--; n.users == 0 {
		delete(l.byName, name)
	}
}
