package ldapsync

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/awserror"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/ldap"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

// Operation is the name of a run in policies and in the audit log. EventSource is the event source of its audit
// records.
const (
	Operation   = "SyncDirectory"
	EventSource = "latchkey.local"
)

// Syncer synchronises the sources of a server.
type Syncer struct {
	Control *control.Control
	Sources []Source
	Observe func(source, outcome string, took time.Duration) // metrics; may be nil
}

// The outcomes of a run.
const (
	Succeeded = "succeeded"
	Refused   = "refused" // it would have removed too much
	Failed    = "failed"
)

// Options say how a run is made.
type Options struct {
	DryRun bool // report the changes, and write nothing
	Force  bool // apply the plan even if it removes too much
	Limit  int  // maximum of changes, and of changes of access, in the report
}

// Report is what a run did, or would do.
type Report struct {
	Source    string
	DryRun    bool
	Applied   bool
	Refused   string // why nothing was done
	Counts    Counts
	Changes   []Described
	Access    []AccessChange // of a dry run, and of a refused run
	Losing    int            // people who lose access
	Gaining   int            // people who gain access
	Conflicts []string
	Truncated bool // there is more than the report has

	NameOf func(directory.GroupID) string // names a group in Access
}

// Outcome is what the store remembers about the last run of a source.
type Outcome struct {
	Began, Ended time.Time
	Node         string // the run
	Outcome      string
	Text         string `json:",omitempty"` // why it was refused or failed
	Counts       Counts
	Conflicts    int
}

// Named finds the account's source that has this name. An empty name means the account's only source. It fails with
// NotFound if there is no such source, and with Invalid if the name is empty and there are several.
func (s *Syncer) Named(account access.AccountID, name string) (*Source, error) {
	var found *Source
	for i := range s.Sources {
		if c := &s.Sources[i]; c.Account == account && (name == "" || c.Name == name) {
			if found != nil {
				return nil, fault.New(fault.Invalid, fault.Member, "The account has several directory sources: name one")
			}
			found = c
		}
	}
	if found == nil {
		return nil, fault.New(fault.NotFound, fault.Source, "The server has no directory source %s for account %s", name,
			account)
	}
	return found, nil
}

// Sync runs a source because somebody asks for it.
func (s *Syncer) Sync(ctx context.Context, call *control.Call, name string, o Options) (*Report, error) {
	if err := call.May("latchkey:"+Operation, "*", policy.Values{}, nil, call.Account); err != nil {
		return nil, err
	}
	src, err := s.Named(call.Account, name)
	if err != nil {
		return nil, err
	}
	return s.run(ctx, call, src, o)
}

// Scheduled runs a source on the server's own schedule. The run has an audit record of its own.
func (s *Syncer) Scheduled(ctx context.Context, src *Source) (*Report, error) {
	snap, err := s.Control.Engine.Snapshot()
	if err != nil {
		return nil, err
	}
	who := audit.Identity{Type: "AWSService", InvokedBy: EventSource, AccountID: string(src.Account)}
	facts := caller.Facts{Time: s.Control.Now(), Region: s.Control.Region, RequestID: uuid.NewString()}
	call := s.Control.BeginFor(control.Outsider{Identity: who, Account: src.Account, Snapshot: snap, Facts: facts},
		control.Opening{Source: EventSource, Operation: Operation, Parameters: map[string]any{"source": src.Name}})
	call.Event.EventType = "AwsServiceEvent"
	call.ByRight(control.DirectorySource)
	r, err := s.run(ctx, call, src, Options{})
	if r == nil && fault.Is(err, fault.Conflict, fault.Source) {
		return nil, err // another node runs the source: there is nothing to record
	}
	var refusal awserror.Error
	switch {
	case err != nil:
		refusal = awserror.Error{Code: "SyncFailed", Message: clientText(err), Reason: fault.Of(err).Reason}
	case r.Refused != "":
		refusal = awserror.Error{Code: "SyncRefused", Message: r.Refused}
	}
	return r, errors.Join(err, s.Control.Finish(context.WithoutCancel(ctx), call, refusal))
}

// Last returns the outcome of the last run of a source. It is zero before the first run.
func (s *Syncer) Last(ctx context.Context, src *Source) (o Outcome, err error) {
	r, err := store.ReadLease(ctx, s.Control.DB, src.lease())
	if err == nil && r.Outcome != "" {
		err = json.Unmarshal([]byte(r.Outcome), &o)
	}
	return o, err
}

// run reads the server, plans and applies. A dry run leaves nothing but the call's audit record.
func (s *Syncer) run(ctx context.Context, call *control.Call, src *Source, o Options) (*Report, error) {
	if o.DryRun {
		_, r, err := s.plan(ctx, src, o)
		return r, clientError(err)
	}
	began, holder := s.Control.Now(), uuid.NewString()
	if _, err := s.Control.DB.Update(ctx, func(tx *store.Tx) error { return takeLease(tx, src, holder) }); err != nil {
		return nil, err
	}
	r, err := s.runLeased(ctx, call, src, holder, o)
	end := Outcome{Began: began, Ended: s.Control.Now(), Node: holder, Outcome: Succeeded}
	switch {
	case err != nil:
		end.Outcome, end.Text = Failed, err.Error()
	case r.Refused != "" && !r.Applied:
		end.Outcome, end.Text = Refused, r.Refused
	}
	if r != nil {
		end.Counts, end.Conflicts = r.Counts, len(r.Conflicts)
		call.Event.ResponseElements = map[string]any{
			"source":    src.Name,
			"run":       holder,
			"applied":   r.Applied,
			"counts":    r.Counts,
			"conflicts": len(r.Conflicts),
		}
	}
	s.logOutcome(src, &end)
	text, _ := json.Marshal(end) // plain values
	rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	_, endErr := s.Control.DB.Update(rest, func(tx *store.Tx) error {
		return store.EndLease(tx, src.lease(), holder, string(text))
	})
	if err == nil {
		err = endErr
	}
	return r, clientError(err)
}

// logOutcome logs and counts how a run ended.
func (s *Syncer) logOutcome(src *Source, o *Outcome) {
	took := o.Ended.Sub(o.Began)
	if s.Observe != nil {
		s.Observe(src.Name, o.Outcome, took)
	}
	if s.Control.Log == nil {
		return
	}
	level := slog.LevelInfo
	if o.Outcome != Succeeded {
		level = slog.LevelError
	}
	s.Control.Log.Log(context.Background(), level, "directory synchronised", slog.String("source", src.Name),
		slog.String("outcome", o.Outcome), slog.String("reason", o.Text),
		slog.Duration("took", took), slog.Any("counts", o.Counts), slog.Int("conflicts", o.Conflicts))
}

// runLeased runs while the node has the lease. When the node loses the lease, the run ends between two commits.
func (s *Syncer) runLeased(
	ctx context.Context, call *control.Call, src *Source, holder string, o Options,
) (*Report, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.renewWhileRunning(ctx, cancel, src, holder)
	}()
	defer func() { cancel(nil); <-done }()
	p, r, err := s.plan(ctx, src, o)
	if err != nil || r.Refused != "" && !o.Force {
		if cause := context.Cause(ctx); err != nil && cause != nil {
			err = cause
		}
		return r, err
	}
	a := &applier{
		Control: s.Control,
		call:    call,
		plan:    p,
		holder:  holder,
		users:   map[int32]directory.UserID{},
		groups:  map[int32]directory.GroupID{},
		marked:  map[string]bool{},
	}
	err = a.apply(ctx)
	r.Applied, r.Conflicts = err == nil, p.Conflicts
	return r, err
}

// renewWhileRunning renews the lease while the server is read and the plan is made.
func (s *Syncer) renewWhileRunning(ctx context.Context, cancel context.CancelCauseFunc, src *Source, holder string) {
	t := time.NewTicker(leaseTerm / 4)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		_, err := s.Control.DB.Update(ctx, func(tx *store.Tx) error { return renewLease(tx, src, holder) })
		if fault.Is(err, fault.Conflict, fault.Source) {
			cancel(err)
			return
		}
	}
}

// plan reads the server, makes the plan and reports its changes.
func (s *Syncer) plan(ctx context.Context, src *Source, o Options) (*Plan, *Report, error) {
	l, err := ldap.Read(ctx, src.LDAP)
	if err != nil {
		return nil, nil, &readError{src.Name, err}
	}
	marks, err := store.SyncMarks(ctx, s.Control.DB, src.key())
	if err != nil {
		return nil, nil, err
	}
	snap, err := s.Control.Engine.Snapshot()
	if err != nil {
		return nil, nil, err
	}
	in, err := identityStore(snap, src.Account)
	if err != nil {
		return nil, nil, err
	}
	p := MakePlan(PlanInput{
		Source: src, StoreID: in, Listing: l, Snapshot: snap, Marks: marks, Now: s.Control.Now().UTC(),
	})
	r := &Report{
		Source:    src.Name,
		DryRun:    o.DryRun,
		Refused:   p.Refused,
		Counts:    p.Counts,
		Conflicts: p.Conflicts,
		NameOf:    nameOf(snap),
	}
	if o.Limit > 0 {
		r.Changes = p.Describe(r.NameOf, o.Limit+1)
		r.Access, r.Losing, r.Gaining = p.Access(snap, o.Limit+1)
		if len(r.Changes) > o.Limit || len(r.Access) > o.Limit {
			r.Truncated = true
			r.Changes, r.Access = r.Changes[:min(len(r.Changes), o.Limit)], r.Access[:min(len(r.Access), o.Limit)]
		}
	}
	return p, r, nil
}
