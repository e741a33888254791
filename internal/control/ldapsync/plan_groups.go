package ldapsync

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"latchkey/internal/control/provision"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
	"latchkey/internal/store"
)

// absentGroups are the groups of the source that the server no longer has. fresh are those that are absent for the
// first time.
type absentGroups struct{ all, fresh []*directory.Group }

func (p *Plan) planGroups(snap *engine.Snapshot, marks map[string]store.SyncMark) (gone absentGroups) {
	rows, ours := map[string]*directory.Group{}, map[directory.GroupID]*directory.Group{}
	for g := range snap.GroupsIn(p.storeID) {
		if id := provision.ExternalID(g.ExternalIDs, p.source.Issuer()); id != "" {
			rows[id], ours[g.ID] = g, g
			if marks[string(g.ID)].Absent.IsZero() {
				p.before.groups++
			}
		}
	}
	listed, names := p.groupClaims(rows)
	allot(names, func(k directory.Key) keyHolder {
		h := snap.GroupByKey(p.storeID, k)
		if h == nil {
			return nobody
		}
		if _, ok := listed[h.ID]; ok {
			return listedEntry
		}
		if ours[h.ID] != nil {
			return absentEntry
		}
		return otherOrigin
	}, true)
	evicted, parked := map[directory.GroupID]bool{}, map[directory.GroupID]bool{}
	for i := range p.groups {
		e, g := &p.listing.Groups[i], &p.groups[i]
		switch {
		case names[i].fixed:
			if g.row == nil {
				continue
			}
			g.name = g.row.DisplayName
		case names[i].denied && g.row == nil:
			p.conflict(e.DN, fmt.Sprintf("the group name %q is another's: the group is left out", e.Name))
			continue
		case names[i].denied:
			p.conflict(e.DN, fmt.Sprintf("the group name %q is another's: the old one stays", e.Name))
			g.name = g.row.DisplayName
		default:
			g.name = e.Name
		}
		if h := snap.GroupByKey(p.storeID, directory.NameKey(g.name)); h != nil && (g.row == nil || h.ID != g.row.ID) {
			if _, stays := listed[h.ID]; stays {
				parked[h.ID] = true
			} else {
				evicted[h.ID] = true
			}
		}
		if g.row == nil {
			g.create = true
			continue
		}
		p.mark(string(g.row.ID), marks[string(g.row.ID)], store.SyncMark{})
		wanted := mergeGroup(*g.row, e, g.name)
		g.update = !names[i].fixed && !sameGroup(&wanted, g.row)
	}
	for id, row := range ours {
		if parked[id] {
			p.parkGroups = append(p.parkGroups, row)
		}
		if _, ok := listed[id]; !ok {
			gone.all = append(gone.all, row)
			if p.absentGroup(row, marks[string(id)], evicted[id]) {
				gone.fresh = append(gone.fresh, row)
			}
		}
	}
	byID := func(a, b *directory.Group) int { return cmp.Compare(a.ID, b.ID) }
	slices.SortFunc(gone.all, byID)
	slices.SortFunc(p.deleteGroups, byID)
	slices.SortFunc(p.parkGroups, byID)
	return gone
}

// groupClaims finds the rows of the listed groups, and their claims to names. listed has the place of each row's entry.
func (p *Plan) groupClaims(
	rows map[string]*directory.Group,
) (listed map[directory.GroupID]int, names []claim) {
	p.groups = make([]groupPlan, len(p.listing.Groups))
	listed = make(map[directory.GroupID]int, len(p.groups))
	names = make([]claim, len(p.groups))
	for i := range p.listing.Groups {
		e, g := &p.listing.Groups[i], &p.groups[i]
		if g.row = rows[e.ID]; g.row != nil {
			listed[g.row.ID] = i
			names[i].have = directory.NameKey(g.row.DisplayName)
		}
		bad := e.Problem != ""
		if !bad {
			probe := mergeGroup(directory.Group{}, e, e.Name)
			if err := probe.Check(); err != nil {
				p.conflict(e.DN, ruleText(err))
				bad = true
			}
		}
		if names[i].fixed = bad; !bad {
			names[i].want = directory.NameKey(e.Name)
		}
	}
	return listed, names
}

// absentGroup plans the change of a group whose entry is absent. It reports whether the entry is absent for the first
// time.
func (p *Plan) absentGroup(row *directory.Group, old store.SyncMark, evicted bool) (fresh bool) {
	id, since := string(row.ID), old.Absent
	if fresh = since.IsZero(); fresh {
		since = p.now
	}
	if evicted || !p.now.Before(since.Add(p.source.DeleteAfter)) {
		p.deleteGroups = append(p.deleteGroups, row)
		p.mark(id, old, store.SyncMark{})
		return fresh
	}
	p.mark(id, old, store.SyncMark{Absent: since.Truncate(time.Microsecond)})
	return fresh
}
