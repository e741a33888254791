package upstream

import (
	"slices"
	"strings"
	"sync"
	"time"

	"latchkey/internal/fault"
)

// maxSent is how many requests a Trace keeps. A copy that the gateway streams can become thousands. maxStoreID is how
// many bytes of an id are kept: a store chooses it.
const (
	maxSent    = 16
	maxStoreID = 256
)

// Sent is one request that an upstream sent to its store.
type Sent struct {
	Upstream  string        // the upstream's name in the configuration
	RequestID string        // the store's id of the request: x-amz-request-id; empty: it told none
	HostID    string        // the store's second id: x-amz-id-2; empty: it told none
	Status    int           // of the store's answer; 0: none came
	Began     time.Time     // when the upstream began to send it
	Took      time.Duration // until the head of the answer came, or the request failed
}

// Trace collects the requests that a call became. Records and traces of the client's request name them, so that an
// operator can find them in the store's own log. The gateway puts a Trace into a call's Meta; the upstream adds to it.
// Many goroutines may use a Trace. The nil Trace collects nothing.
type Trace struct {
	mu   sync.Mutex
	sent []Sent
	more int
}

// Add notes a request: one that was answered, one that failed, and each retry. Once the Trace is full, the latest
// request takes the place of the one before.
func (t *Trace) Add(s Sent) {
	if t == nil {
		return
	}
	s.RequestID, s.HostID = storeID(s.RequestID), storeID(s.HostID)
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.sent) == maxSent {
		t.sent[maxSent-1] = s
		t.more++
		return
	}
	t.sent = append(t.sent, s)
}

// Sent returns the requests in the order in which they were added, and how many more there were.
func (t *Trace) Sent() (sent []Sent, more int) {
	if t == nil {
		return nil, 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.sent), t.more
}

// storeID is an id that a store chose, as records can have it: printable ASCII of a bounded length.
func storeID(id string) string {
	id = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return -1
		}
		return r
	}, fault.Clip(id, maxStoreID))
	return id
}
