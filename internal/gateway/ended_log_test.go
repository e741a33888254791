package gateway

import (
	"strconv"
	"testing"
	"time"
)

func TestEndedLogIsBounded(t *testing.T) {
	var l endedLog
	now := time.Now()
	if !l.due("a", now) || l.due("a", now) || l.due("a", now.Add(endedInterval-1)) {
		t.Error("one record a minute for a session")
	}
	if !l.due("a", now.Add(endedInterval)) {
		t.Error("after a minute there is another one")
	}
	for i := range 2 * maxEnded {
		l.due(strconv.Itoa(i), now.Add(endedInterval))
	}
	if len(l.last) > maxEnded {
		t.Errorf("%d sessions are remembered", len(l.last))
	}
	if l.due("one more", now.Add(endedInterval)) {
		t.Error("the number of records in a minute has no bound")
	}
	if !l.due("one more", now.Add(2*endedInterval)) || len(l.last) != 1 {
		t.Errorf("what is old is not forgotten: %d", len(l.last))
	}
}
