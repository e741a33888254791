package policy

import "sync"

// Bounds of evaluation. A caller chooses the values of a request and often a policy, too, so that neither may decide
// how long an evaluation takes.
const (
	// maxSteps is what all decisions about one request may cost together. A step is one comparison of a pattern, a value
	// or a condition with up to 64 bytes of text, about 5 to 50 ns. 1,000 keys against 1,000 resource patterns fit.
	maxSteps = 10_000_000

	// maxValue is the longest value of a condition key and the longest resource, in bytes, that policies are compared
	// with. AWS documents no such bound. S3's keys have at most 1,024 bytes, and AWS's ARNs at most 2,048.
	maxValue = 2 << 10

	// lookInterval is after how many steps the meter looks again whether somebody still waits for the decision.
	lookInterval = 4096
)

// Stop says why an evaluation ended before it was complete. Whatever the policies say, such a request is denied.
type Stop uint8

// The reasons.
const (
	NotStopped   Stop = iota
	TooManySteps      // the decisions about the request need more steps than one request may take
	ClientGone        // nobody waits for the decision any more
	LongResource      // the resource's name is longer than any that policies are compared with
)

// Meter bounds what the decisions about one request cost together, and spares them work that they have in common: the
// conditions of a statement are evaluated once as long as the values that they read stay the same. A request about
// 1,000 keys therefore costs the conditions once, and the resources 1,000 times.
//
// The zero Meter is ready for use. Goroutines may share it. A Meter must not be copied.
type Meter struct {
	mu     sync.Mutex
	client interface{ Err() error } // nil: nobody can go away
	steps  int
	next   int // at this number of steps the meter looks at the client
	stop   Stop

	decisions int     // with this meter
	memory    *memory // nil: nothing is remembered
}

// Watch makes decisions stop when client, the request's context, reports that it has ended.
func (m *Meter) Watch(client interface{ Err() error }) { m.client = client }

// WatchWith makes decisions stop when the client that the other meter watches has gone.
func (m *Meter) WatchWith(other *Meter) { m.client = other.client }

// Steps is how many steps the decisions have taken.
func (m *Meter) Steps() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.steps
}

// spend counts n steps. It reports whether the evaluation may go on.
func (m *Meter) spend(n int) bool {
	m.steps += n
	if m.steps < m.next {
		return true
	}
	return m.look()
}

// compared counts the comparison of one pattern or value with a text of this length.
func (m *Meter) compared(length int) bool { return m.spend(1 + length/64) }

// look decides whether the evaluation may go on. Once it may not, it never may again.
func (m *Meter) look() bool {
	switch {
	case m.stop != NotStopped:
	case m.steps > maxSteps:
		m.halt(TooManySteps)
	case m.client != nil && m.client.Err() != nil:
		m.halt(ClientGone)
	default:
		m.next = min(m.steps+lookInterval, maxSteps+1)
	}
	return m.stop == NotStopped
}

func (m *Meter) halt(why Stop) { m.stop, m.next = why, 0 }

// because is the end of the sentence that refuses the request. AWS has no words for it.
func (s Stop) because() string {
	switch s {
	case TooManySteps:
		return "because the policies take more steps to evaluate than one request may take"
	case ClientGone:
		return "because the client went away before the policies were evaluated"
	}
	return "because the name of the resource is too long"
}
