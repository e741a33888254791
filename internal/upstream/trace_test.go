package upstream

import (
	"strings"
	"sync"
	"testing"
)

func TestATraceKeepsTheFirstRequestsAndTheLatest(t *testing.T) {
	var tr Trace
	for i := range maxSent + 5 {
		tr.Add(Sent{Upstream: "lake", Status: i})
	}
	sent, more := tr.Sent()
	if len(sent) != maxSent || more != 5 || sent[0].Status != 0 || sent[maxSent-1].Status != maxSent+4 {
		t.Errorf("%d requests and %d more: %+v", len(sent), more, sent)
	}
}

// TestAttack44_AStoresIDIsBounded: a store must not be able to write into logs and records what it likes.
func TestAttack44_AStoresIDIsBounded(t *testing.T) {
	var tr Trace
	tr.Add(Sent{RequestID: "4442587FB7D0A2F9\n{\"eventName\":\"x\"}\x1b[31m", HostID: strings.Repeat("h", 10_000)})
	sent, _ := tr.Sent()
	if id := sent[0].RequestID; id != `4442587FB7D0A2F9{"eventName":"x"}[31m` {
		t.Errorf("the id is %q", id)
	}
	if n := len(sent[0].HostID); n > maxStoreID {
		t.Errorf("the host's id has %d bytes", n)
	}
}

func TestNobodyAsksForTheRequests(t *testing.T) {
	var tr *Trace
	tr.Add(Sent{Status: 200})
	if sent, more := tr.Sent(); sent != nil || more != 0 {
		t.Errorf("%v and %d", sent, more)
	}
}

func TestManyGoroutinesAddToATrace(t *testing.T) {
	var tr Trace
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				tr.Add(Sent{Status: 200})
				tr.Sent()
			}
		})
	}
	all.Wait()
	if sent, more := tr.Sent(); len(sent)+more != 800 {
		t.Errorf("%d requests and %d more", len(sent), more)
	}
}
