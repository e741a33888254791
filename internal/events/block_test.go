package events_test

import (
	"context"
	"testing"
	"time"

	"latchkey/internal/events"
	"latchkey/internal/fault"
)

func TestASinkThatBlocksMakesRequestsWait(t *testing.T) {
	g := newGate()
	r, _ := run(t, events.Options{
		Limits: events.Limits{Records: 2, Bytes: 1 << 20, Wait: time.Hour},
		Pipes:  []events.Pipe{{Name: "gate", Sink: g, Block: true, Enough: 1}},
	}, time.Minute)
	var tickets []events.Ticket
	for range 2 {
		ticket, err := r.Admit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		tickets = append(tickets, ticket)
	}
	admitted := make(chan error, 1)
	go func() {
		ticket, err := r.Admit(context.Background())
		ticket.Release()
		admitted <- err
	}()
	r.Record(nil, event("of nobody")) // the room is somebody's
	if s := r.Stats()[0]; s.Dropped != 1 || s.Records != 2 {
		t.Errorf("%+v", s)
	}
	r.Record(&tickets[0], event("one")) // keeps the room until it is written
	tickets[0].Release()
	select {
	case err := <-admitted:
		t.Fatalf("a third request was admitted: %v", err)
	case <-g.entered:
	}
	close(g.open)
	if err := <-admitted; err != nil {
		t.Error(err)
	}
	tickets[1].Release()
	await(t, "all room is free", func() bool { s := r.Stats()[0]; return s.Records == 0 && s.Bytes == 0 })
}

func TestARequestDoesNotWaitForEver(t *testing.T) {
	g := newGate()
	r, _ := run(t, events.Options{
		Limits: events.Limits{Records: 1, Bytes: 1 << 20, Wait: time.Millisecond},
		Pipes: []events.Pipe{
			{Name: "free", Sink: newGate()}, {Name: "gate", Sink: g, Block: true},
		},
	}, 0)
	held, err := r.Admit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Admit(t.Context())
	if f := fault.Of(err); f.Kind != fault.Throttled || f.Reason != fault.EventsNotRecorded {
		t.Errorf("%v", err)
	}
	if s := r.Stats()[0]; s.Records != 0 {
		t.Errorf("room is held in a sink that drops: %+v", s)
	}
	held.Release()
	if _, err := r.Admit(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAClientThatHasGoneWaitsNoMore(t *testing.T) {
	r, _ := run(t, events.Options{
		Limits: events.Limits{Records: 1, Bytes: 1 << 20, Wait: time.Hour},
		Pipes:  []events.Pipe{{Name: "gate", Sink: newGate(), Block: true}},
	}, 0)
	if _, err := r.Admit(t.Context()); err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Admit(gone); err == nil {
		t.Error("a client that has gone is admitted")
	}
}

// TestARefusedRequestHoldsNoRoom: one of two sinks had room for it.
func TestARefusedRequestHoldsNoRoom(t *testing.T) {
	limits := events.Limits{Records: 2, Bytes: 1 << 20, Wait: time.Millisecond}
	first, second := newGate(), newGate()
	r, _ := run(t, events.Options{Limits: limits, Pipes: []events.Pipe{
		{Name: "first", Sink: first, Block: true, Enough: 1}, {Name: "second", Sink: second, Block: true},
	}}, 0)
	close(first.open)
	for range 2 { // the second sink never writes
		ticket, err := r.Admit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		r.Record(&ticket, event("k"))
	}
	await(t, "the first sink is empty", func() bool { return r.Stats()[0].Records == 0 })
	if _, err := r.Admit(t.Context()); err == nil {
		t.Error("a request is admitted that the second sink has no room for")
	}
	if s := r.Stats()[0]; s.Records != 0 {
		t.Errorf("the refused request holds room: %+v", s)
	}
}
