package stores

import (
	"context"
	"encoding/xml"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"latchkey/internal/bucket"
	"latchkey/internal/control/buckets"
	"latchkey/internal/fault"
	"latchkey/internal/store"
	"latchkey/internal/upstream"
	"latchkey/internal/upstreams"
)

const (
	maxStrays  = 1000 // buckets without an owner that are remembered by name; of further ones only the number is
	maxWrites  = 200  // rows that one commit changes
	maxChanges = 50   // changes that are kept of an upstream
)

// Commit runs a function in one transaction and commits it, unless this node may not.
type Commit func(context.Context, func(*store.Tx) error) error

// Observe looks at all buckets of an upstream and compares them with what was seen before. It returns whether there is
// more to write: then it must be called again. A store that does not answer is no failure: it is noted.
func (s *Stores) Observe(
	ctx context.Context, m *upstreams.Member, now time.Time, update Commit,
) (more bool, err error) {
	o, err := s.observation(ctx, m)
	if err != nil {
		return false, err
	}
	p := &pass{member: m, now: now, first: o.Time.IsZero(), rows: map[string]*bucket.Observation{}}
	if err := s.load(ctx, p); err != nil {
		return false, err
	}
	next := *o
	if err := p.look(ctx); err != nil {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		if next.Problem = fault.Clip(err.Error(), 500); next.Problem == o.Problem {
			return false, nil
		}
		return false, update(ctx, func(tx *store.Tx) error { return put(ctx, tx, &store.UpstreamObservations, &next) })
	}
	p.compare()
	if more = len(p.writes) > maxWrites; more {
		p.writes = p.writes[:maxWrites]
	} else {
		next.Time, next.Problem = now, ""
		next.Registered, next.Unregistered, next.Missing = p.registered, p.strays, p.missing
	}
	var told []bucket.UpstreamChange
	for _, w := range p.writes {
		if w.change != "" {
			told = append(told, bucket.UpstreamChange{Time: now, Bucket: w.row.Name, Text: w.change})
		}
	}
	next.Changes = append(slices.Clone(o.Changes), told...)
	if n := len(next.Changes); n > maxChanges {
		next.Changes = next.Changes[n-maxChanges:]
	}
	if err := update(ctx, func(tx *store.Tx) error { return p.write(ctx, tx, &next) }); err != nil {
		return false, err
	}
	s.tell(m, told)
	return more, nil
}

// tell logs and counts changes.
func (s *Stores) tell(m *upstreams.Member, changes []bucket.UpstreamChange) {
	for _, c := range changes {
		s.Log.Warn("somebody changed a store behind this server", slog.String("upstream", m.Name),
			slog.String("bucket", c.Bucket), slog.String("change", c.Text))
		if s.Changed != nil {
			s.Changed(m.Name)
		}
	}
}

// observation is what was last seen of an upstream; without anything if nothing was.
func (s *Stores) observation(ctx context.Context, m *upstreams.Member) (*bucket.UpstreamObservation, error) {
	o, err := store.UpstreamObservations.Get(ctx, s.Control.DB, m.Name)
	if fault.KindOf(err) == fault.NotFound {
		return &bucket.UpstreamObservation{Upstream: m.Name}, nil
	}
	return o, err
}

// pass is one look at an upstream.
type pass struct {
	member *upstreams.Member
	now    time.Time
	first  bool // nothing is known of the upstream yet: what is there is not new

	rows  map[string]*bucket.Observation // as they were
	owned map[string]*bucket.Bucket      // registered to an account, and in this upstream
	seen  map[string]*bucket.Observation // as they are now

	writes                      []write
	registered, strays, missing int
}

// write is a row that changes, and what is told about it.
type write struct {
	row    *bucket.Observation
	delete bool
	change string // empty: nothing
}

// load reads what was seen before, and which buckets are registered.
func (s *Stores) load(ctx context.Context, p *pass) error {
	rows, err := store.BucketObservations.Children(ctx, s.Control.DB, p.member.Name)
	if err != nil {
		return err
	}
	for _, r := range rows {
		p.rows[r.Name] = r
	}
	p.owned = map[string]*bucket.Bucket{}
	for b, err := range store.Buckets.All(ctx, s.Control.DB) {
		if err != nil {
			return err
		}
		if buckets.StoreName(b) == p.member.Name {
			p.owned[b.Name] = b
		}
	}
	return nil
}

// look asks the store for its buckets, and for the versioning of those that are registered. Keys that may not list the
// buckets may still be asked for each.
func (p *pass) look(ctx context.Context) error {
	p.seen = map[string]*bucket.Observation{}
	for b, err := range upstream.Buckets(ctx, p.member.Store) {
		if upstreams.MayNot(err) {
			return p.lookOneByOne(ctx)
		}
		if err != nil {
			return err
		}
		if p.owned[b.Name] == nil {
			if p.strays++; p.strays > maxStrays {
				continue
			}
		}
		p.seen[b.Name] = &bucket.Observation{Upstream: p.member.Name, Name: b.Name, Made: b.Created.UTC()}
	}
	return p.lookAtVersioning(ctx)
}

func (p *pass) lookOneByOne(ctx context.Context) error {
	for name := range p.owned {
		has, err := upstream.HasBucket(ctx, p.member.Store, name, "")
		if err != nil {
			return err
		}
		if has {
			p.seen[name] = &bucket.Observation{Upstream: p.member.Name, Name: name}
		}
	}
	return p.lookAtVersioning(ctx)
}

func (p *pass) lookAtVersioning(ctx context.Context) error {
	for name := range p.owned {
		if o := p.seen[name]; o != nil {
			v, err := versioning(ctx, p.member, name)
			if err != nil {
				return err
			}
			o.Versioning, o.Registered = v, true
		}
	}
	return nil
}

// versioning asks a store for the versioning of a bucket. It is empty if the store has none, or does not know it.
func versioning(ctx context.Context, m *upstreams.Member, name string) (string, error) {
	a, err := m.Ask(ctx, upstreams.Question{Method: http.MethodGet, Bucket: name, Query: "versioning="})
	if err != nil {
		return "", err
	}
	var conf struct {
		Status string `xml:"Status"`
	}
	if a.Status >= 500 && a.Status != http.StatusNotImplemented {
		return "", fmt.Errorf("the store answered with status %d", a.Status)
	}
	if a.Status == http.StatusOK && xml.Unmarshal([]byte(a.Body), &conf) == nil {
		return fault.Clip(conf.Status, 20), nil
	}
	return "", nil
}

func (p *pass) write(ctx context.Context, tx *store.Tx, next *bucket.UpstreamObservation) error {
	for _, w := range p.writes {
		if w.delete {
			if err := store.BucketObservations.Delete(tx, store.ObservationID(w.row.Upstream, w.row.Name)); err != nil {
				return err
			}
			continue
		}
		if err := put(ctx, tx, &store.BucketObservations, w.row); err != nil {
			return err
		}
	}
	return put(ctx, tx, &store.UpstreamObservations, next)
}

// put inserts or replaces a row.
func put[T any](ctx context.Context, tx *store.Tx, table *store.Table[T], row *T) error {
	_, err := table.Get(ctx, tx, table.Key(row).ID)
	switch {
	case err == nil:
		return table.Update(tx, row)
	case fault.KindOf(err) == fault.NotFound:
		return table.Insert(tx, row)
	}
	return err
}
