package engine

import (
	"context"
	"time"

	"latchkey/internal/credential"
	"latchkey/internal/store"
)

// cut is the newest cut of a ground.
type cut struct {
	rev store.Rev
	// at is when it was committed. A node that hears of a cut from the change list knows only two bounds: at is the
	// earlier one, when the node last knew that it had heard of everything, and heard is the later one.
	at, heard time.Time
	by        CutBy
}

// CutBy says what cut a ground.
type CutBy uint8

// What cuts a ground. The zero CutBy means that it was not cut.
const (
	_             CutBy = iota
	CutByChange         // what the ground names was deleted, disabled or changed
	CutByOperator       // somebody ended the sessions that hang on it
)

// cuts are the newest cuts, by kind and id. A cut that is older than every session that could still live is left out.
type cuts struct {
	of     [credential.GroundKinds + 1]pmap[string, cut]
	n      int // entries
	atTrim int // entries after the last trim
}

// clockSkew is by how much the clocks of two nodes may differ. A cut whose time is later than a session's by more than
// this ends the session whatever its revision says: the database was restored from an older copy in between.
const clockSkew = 5 * time.Minute

// Cut reports whether, and by what, a ground was cut after a session was decided: at a later revision than rev, or, for
// a session that has no revision, after it was issued.
func (s *Snapshot) Cut(g credential.Ground, rev uint64, issued time.Time) CutBy {
	if s.cuts == nil || s.cuts.n == 0 || int(g.Kind) >= len(s.cuts.of) {
		return 0
	}
	c, ok := s.cuts.of[g.Kind].get(g.ID)
	if !ok {
		return 0
	}
	after := uint64(c.rev) > rev || c.at.After(issued.Add(clockSkew))
	if rev == 0 {
		after = !c.heard.Before(issued)
	}
	if after {
		return c.by
	}
	return 0
}

// Cuts identifies the set of cuts of the snapshot. Two snapshots with the same identity have the same cuts.
func (s *Snapshot) Cuts() any { return s.cuts }

func (d *draft) putCut(g credential.Ground, c cut) {
	if g.Kind == 0 || int(g.Kind) >= len(d.cuts.of) {
		return
	}
	own := d.ownCuts()
	old, known := own.of[g.Kind].get(g.ID)
	if known && old.rev >= c.rev {
		return
	}
	if !known {
		own.n++
	}
	own.of[g.Kind].set(d.t, g.ID, c)
}

func (d *draft) ownCuts() *cuts {
	if d.cutsOwner != d.t {
		fresh := *d.cuts
		d.cuts, d.cutsOwner = &fresh, d.t
	}
	return d.cuts
}

// loadCuts reads the cuts since a time, those of memberships included.
func (d *draft) loadCuts(ctx context.Context, q store.Querier, since time.Time) error {
	for c, err := range store.ScanCuts(ctx, q, since) {
		if err != nil {
			return err
		}
		d.putCut(c.Ground, cut{c.Rev, c.At, c.At, by(c.Reason)})
	}
	for m, err := range store.ScanPastMemberships(ctx, q, since) {
		if err != nil {
			return err
		}
		if d.people.at(m.User) == nil || d.groups.at(m.Group) == nil {
			continue // whoever hung on it has ended without it: ids are never used twice
		}
		d.putCut(credential.Ground{Kind: credential.OnMembership, ID: store.PairID(m.Group, m.User)},
			cut{m.Rev, m.Until, m.Until, CutByChange})
	}
	d.cuts.atTrim = d.cuts.n
	return nil
}

// advanceCuts applies every cut among changes. A change of a row may be followed by another one of the same row, but a
// cut stays a cut: a membership that was ended and begun anew between two looks was ended.
func (d *draft) advanceCuts(changes []store.Change, when moment) {
	for _, c := range changes {
		switch {
		case c.Kind == store.KindCut, c.Kind == store.KindEnded:
			if g, ok := store.ParseCutID(c.ID); ok {
				how := CutByChange
				if c.Kind == store.KindEnded {
					how = CutByOperator
				}
				d.putCut(g, cut{c.Rev, when.heard, when.now, how})
			}
		case c.Kind == store.KindMembership && c.Op == store.Deleted:
			d.putCut(credential.Ground{Kind: credential.OnMembership, ID: c.ID}, cut{c.Rev, when.heard, when.now, CutByChange})
		}
	}
}

func by(reason string) CutBy {
	if reason == store.Ended {
		return CutByOperator
	}
	return CutByChange
}

// trimAbove is how many cuts beyond twice those that were left last time are kept before old ones are looked for.
const trimAbove = 10_000

// trimCuts forgets the cuts before a time, when there are many.
func (d *draft) trimCuts(before time.Time) {
	if d.cuts.n < 2*d.cuts.atTrim+trimAbove {
		return
	}
	kept := &cuts{}
	for kind := range d.cuts.of {
		for id, c := range d.cuts.of[kind].all() {
			if !c.heard.Before(before) {
				kept.of[kind].set(d.t, id, c)
				kept.n++
			}
		}
	}
	kept.atTrim = kept.n
	d.cuts, d.cutsOwner = kept, d.t
}
