package store

import "sync"

// Broadcast wakes everybody who waits. The zero Broadcast is ready for use by many goroutines.
type Broadcast struct {
	mu sync.Mutex
	ch chan struct{}
}

// Next returns a channel that is closed at the next Wake. A caller gets the channel before it looks at the state that
// it waits for, so that it misses no wake.
func (b *Broadcast) Next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}

// Wake wakes all who wait now.
func (b *Broadcast) Wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
		b.ch = nil
	}
}
