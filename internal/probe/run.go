package probe

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/awswire"
	"latchkey/internal/broker"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
)

// Target is what is probed: a location's bucket and prefix at a store.
type Target struct {
	Store  *broker.Store
	Bucket string // as the store calls it
	Prefix string // of the location; scratch objects lie below it
	// Patience is how long a run waits for a session to expire. A store whose shortest session is longer leaves the check
	// pending: see Expiry.
	Patience time.Duration
}

// Limits of a run.
const (
	cleanupLimit = 30 * time.Second
	// expirySlack is how long after its expiry a session is tried: the store's clock may be behind.
	expirySlack = time.Second
)

// lab is one run of the probe.
type lab struct {
	*Target
	report  Report
	base    string // the random prefix
	owner   *client
	put     map[string]bool   // keys that may be there
	uploads map[string]string // ids of uploads that may be there, with their keys
	nonce   string            // what scratch objects contain

	reader, writer, both, other *session
}

// session is a session that the store made for the probe.
type session struct {
	*client
	keys credential.Credentials
}

// errSkip is the error of a check that cannot be tried. Its text says why.
type errSkip struct{ why string }

func (e *errSkip) Error() string { return e.why }

// Run probes a store. It always cleans up, also when ctx ends. What the store does wrong is in the report, and so is a
// store that does not answer. pending is not nil if a session has still to expire.
func Run(ctx context.Context, t Target) (report *Report, pending *Expiry) {
	l := &lab{
		Target: &t, base: t.Prefix + "latchkey-probe-" + strings.ToLower(rand.Text()[:16]) + "/", nonce: rand.Text(),
		put: map[string]bool{}, uploads: map[string]string{},
	}
	l.owner = newClient(t.Store, t.Bucket, t.Store.Owner)
	l.report = Report{
		Began: t.Store.Now().UTC(), Upstream: t.Store.Name, Dialect: string(t.Store.Dialect), Bucket: t.Bucket,
		Prefix: l.base,
	}
	defer func() {
		l.cleanUp(ctx)
		l.report.Ended = t.Store.Now().UTC()
		report = &l.report
	}()
	if !l.check(ctx, "prepare", l.prepare) || !l.check(ctx, "session", l.sessions) {
		l.skipRest()
		return nil, nil
	}
	for _, c := range slices.Concat(insideChecks, outsideChecks, rightChecks, nameChecks, tokenChecks) {
		l.check(ctx, c.name, func(ctx context.Context) error { return c.run(l, ctx) })
	}
	l.escapes(ctx)
	return nil, l.expiry(ctx)
}

// entry is a check that every store must pass.
type entry struct {
	name string
	run  func(*lab, context.Context) error
}

// check runs one check and reports it. It returns whether it passed.
func (l *lab) check(ctx context.Context, name string, run func(context.Context) error) bool {
	c := Check{Name: name, Outcome: Passed, At: l.Store.Now().UTC()}
	began := time.Now()
	err := ctx.Err()
	if err == nil {
		err = run(ctx)
	}
	c.Took = time.Since(began)
	if err != nil {
		c.Outcome, c.Text = outcomeOf(err), fault.Clip(textOf(err), maxCheckText)
	}
	l.report.Checks = append(l.report.Checks, c)
	return c.Outcome == Passed
}

// maxCheckText bounds what a report repeats of a store's words, in bytes.
const maxCheckText = 300

// outcomeOf is Skipped for what could not be tried and for a store that did not answer, else Failed.
func outcomeOf(err error) Outcome {
	if _, ok := errors.AsType[*errSkip](err); ok {
		return Skipped
	}
	if _, ok := errors.AsType[*wrong](err); ok {
		return Failed
	}
	if said, ok := errors.AsType[*awswire.APIError](err); ok && said.Status < 500 && said.Status != 429 {
		return Failed
	}
	if told, ok := errors.AsType[*fault.Error](err); ok && told.Reason != fault.StoreSTSUnavailable {
		return Failed
	}
	return Skipped
}

// textOf is what the report says about an error. A fault's own words come first, because its cause can name the keys.
func textOf(err error) string {
	if told, ok := errors.AsType[*fault.Error](err); ok {
		text := told.Message()
		if said, ok := errors.AsType[*awswire.APIError](err); ok {
			text += fmt.Sprintf(" (%d %s)", said.Status, said.Code)
		}
		return text
	}
	if said, ok := errors.AsType[*awswire.APIError](err); ok {
		if w, ok := errors.AsType[*wrong](err); ok {
			return w.text
		}
		return fmt.Sprintf("%s: the store answers %d %s", said.Operation, said.Status, said.Code)
	}
	return err.Error()
}

// wrong is the error of a check in which the store did answer, and wrongly.
type wrong struct{ text string }

func (e *wrong) Error() string { return e.text }

func wrongf(format string, args ...any) error { return &wrong{fmt.Sprintf(format, args...)} }

// refused checks that a store refused a request for lack of rights. Another failure proves nothing: an object that is
// not found could be read if it were there.
func refused(what string, err error) error {
	if err == nil {
		return wrongf("the store let the session %s", what)
	}
	if answer, ok := errors.AsType[*awswire.AnswerError](err); ok && answer.Status < http.StatusMultipleChoices {
		return wrongf("the store let the session %s, and answered nonsense", what)
	}
	said, ok := errors.AsType[*awswire.APIError](err)
	switch {
	case !ok:
		return err
	case said.Status == http.StatusForbidden || said.Status == http.StatusUnauthorized:
		return nil
	case said.Status >= 500 || said.Status == http.StatusTooManyRequests:
		return err
	}
	return wrongf("%s: the store answers %d %s instead of refusing", what, said.Status, said.Code)
}

// session asks the store's STS for a session that is inside a prefix below the random one.
func (l *lab) session(ctx context.Context, prefix string, p access.Permission, escapes bool) (*session, error) {
	keys, err := l.Store.Assume(ctx, broker.Ask{
		Fence:   broker.Fence{Bucket: l.Bucket, Prefix: l.base + prefix, Permission: p},
		Escapes: escapes, Name: broker.SessionName("latchkey-probe", l.nonce), Duration: l.Store.MinDuration,
	})
	if err != nil {
		return nil, err
	}
	return l.as(keys), nil
}

func (l *lab) as(keys credential.Credentials) *session {
	return &session{newClient(l.Store, l.Bucket, broker.Keys(keys)), keys}
}

func (l *lab) sessions(ctx context.Context) (err error) {
	if l.reader, err = l.session(ctx, "team1/", access.Read, false); err != nil {
		return err
	}
	if l.writer, err = l.session(ctx, "team1/", access.Write, false); err != nil {
		return err
	}
	if l.both, err = l.session(ctx, "team1/", access.ReadWrite, false); err != nil {
		return err
	}
	l.other, err = l.session(ctx, "team2/", access.Read, false)
	return err
}

// skipRest reports every check that was not tried.
func (l *lab) skipRest() {
	for _, c := range slices.Concat(insideChecks, outsideChecks, rightChecks, nameChecks, tokenChecks) {
		l.skip(c.name, "there is no session to try it with", false)
	}
	for _, e := range escapeChecks {
		l.skip(escapePrefix+e.name, "there is no session to try it with", true)
	}
	l.skip(ExpiryCheck, "there is no session to try it with", false)
}

func (l *lab) skip(name, why string, optional bool) {
	l.report.Checks = append(l.report.Checks, Check{
		Name: name, Outcome: Skipped, Text: why, At: l.Store.Now().UTC(), Optional: optional,
	})
}
