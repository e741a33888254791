package engine

import (
	"errors"
	"testing"
	"time"

	"latchkey/internal/credential"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

// A membership that is ended and begun anew between two looks of a node was ended. Nothing that comes later takes a cut
// back, and neither does loading everything again.
func TestACutStaysACut(t *testing.T) {
	e := newEngine(t)
	u, g := storetest.NewPerson(ourDirectory, "u"), storetest.NewGroup(ourDirectory, "g")
	update(t, e, func(tx *store.Tx) error {
		return errors.Join(store.DirectoryUsers.Insert(tx, u), store.DirectoryGroups.Insert(tx, g),
			store.InsertMembership(tx, storetest.NewMembership(g, u)))
	})
	member := credential.Ground{Kind: credential.OnMembership, ID: store.PairID(g.ID, u.ID)}
	person := credential.Ground{Kind: credential.OnPerson, ID: string(u.ID)}
	before := snapshot(t, e)
	at := func(s *Snapshot) uint64 { return uint64(s.Rev()) }
	if before.Cut(member, at(before), time.Now()) != 0 || before.Cut(person, 0, time.Time{}) != 0 {
		t.Fatal("cut from the beginning")
	}
	off, on := *u, *u
	off.Disabled = true
	update(t, e, func(tx *store.Tx) error {
		return errors.Join(store.DeleteMembership(tx, g.ID, u.ID), store.DirectoryUsers.Update(tx, &off),
			store.InsertMembership(tx, storetest.NewMembership(g, u)), store.DirectoryUsers.Update(tx, &on))
	})
	after := snapshot(t, e)
	if !after.InGroup(u.ID, g.ID) || after.Person(u.ID).Disabled {
		t.Fatal("not in again")
	}
	loaded, err := load(t.Context(), e.db, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*Snapshot{"followed": after, "loaded": loaded} {
		for _, c := range []credential.Ground{member, person} {
			switch {
			case s.Cut(c, at(before), time.Now()) != CutByChange:
				t.Errorf("%s: a session of before lives on %s", name, c.Kind)
			case s.Cut(c, at(after), time.Now()) != 0:
				t.Errorf("%s: a session of after is cut from %s", name, c.Kind)
			case s.Cut(c, at(after)+100, time.Now().Add(-time.Hour)) == 0:
				t.Errorf("%s: a session of an hour ago lives by a revision of another history", name)
			case s.Cut(c, 0, time.Now().Add(-time.Second)) == 0, s.Cut(c, 0, time.Now().Add(time.Second)) != 0:
				t.Errorf("%s: a session without a revision is not judged by its time", name)
			}
		}
	}
	late, err := load(t.Context(), e.db, time.Now().Add(time.Hour))
	if err != nil || late.cuts.n != 0 {
		t.Errorf("cuts that are too old to matter are kept (%v)", err)
	}
}

func TestOldCutsAreForgotten(t *testing.T) {
	d, now := (&Snapshot{cuts: &cuts{}}).edit(), time.Now()
	id := func(i int) credential.Ground {
		return credential.Ground{Kind: credential.OnAccessKey, ID: storetest.NewPerson("", "").UserName + string(rune(i))}
	}
	for i := range trimAbove {
		at := now
		if i%2 == 0 {
			at = now.Add(-48 * time.Hour)
		}
		d.putCut(id(i+1), cut{store.Rev(i + 1), at, at, CutByChange})
	}
	s, _ := d.publish(1)
	d = s.edit()
	d.trimCuts(now.Add(-time.Hour))
	if d.cuts.n != trimAbove/2 || d.Cut(id(2), 1, now) == 0 || d.Cut(id(1), 0, time.Time{}) != 0 {
		t.Errorf("%d cuts are left", d.cuts.n)
	}
	if s.cuts.n != trimAbove {
		t.Error("the published snapshot changed")
	}
}

// A node that heard of a cut long after it was committed does not end a session that was made in between, at a later
// revision. A session without a revision is judged by when the node heard.
func TestACutThatIsHeardOfLate(t *testing.T) {
	d, now := (&Snapshot{cuts: &cuts{}}).edit(), time.Now()
	key := credential.Ground{Kind: credential.OnAccessKey, ID: "AKIA"}
	heard := moment{now: now, heard: now.Add(-time.Hour)}
	d.advanceCuts([]store.Change{{Rev: 7, Kind: store.KindCut, ID: store.CutID(key), Op: store.Inserted}}, heard)
	for name, c := range map[string]struct {
		rev    uint64
		issued time.Time
		want   CutBy
	}{
		"decided before":                {6, now.Add(-30 * time.Minute), CutByChange},
		"decided after, heard of later": {7, now.Add(-30 * time.Minute), 0},
		"of another history":            {9, now.Add(-2 * time.Hour), CutByChange},
		"no revision, issued before":    {0, now.Add(-30 * time.Minute), CutByChange},
		"no revision, issued since":     {0, now.Add(time.Minute), 0},
	} {
		if got := d.Cut(key, c.rev, c.issued); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
