package gateway

import (
	"strconv"
	"testing"
	"time"
)

func TestEndedLogIsBounded(t *testing.T) {
	var l endedLog
	now := time.Now()
	if !l.due("a", now) || l.due("a", now) || l.due("a", now.Add(endedEvery-1)) {
		t.Error("one record a minute for a session")
	}
	if !l.due("a", now.Add(endedEvery)) {
		t.Error("after a minute there is another one")
	}
	for i := range 2 * endedMost {
		l.due(strconv.Itoa(i), now.Add(endedEvery))
	}
	if len(l.last) > endedMost {
		t.Errorf("%d sessions are remembered", len(l.last))
	}
	if l.due("one more", now.Add(endedEvery)) {
		t.Error("the number of records in a minute has no bound")
	}
	if !l.due("one more", now.Add(2*endedEvery)) || len(l.last) != 1 {
		t.Errorf("what is old is not forgotten: %d", len(l.last))
	}
}
