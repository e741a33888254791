package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// source says how one kind of entity gets from the store into a draft.
type source struct {
	kind store.Kind
	all  func(context.Context, store.Querier, *draft) error
	read func(context.Context, store.Querier, *draft, []string) error // of these ids, which must exist
	drop func(*draft, string)
}

// sources are the kinds of entities that the snapshot holds. Memberships and grants are not among them: they are loaded
// separately. Policies come before the principals that use them, so that no principal is compiled twice.
func sources() []source {
	return []source{
		from(&store.Accounts, (*draft).putAccount, (*draft).dropAccount),
		from(&store.ManagedPolicies, (*draft).putPolicy, (*draft).dropPolicy),
		from(&store.Users, (*draft).putUser, (*draft).dropPrincipal),
		from(&store.Roles, (*draft).putRole, (*draft).dropPrincipal),
		from(&store.AccessKeys, (*draft).putKey, (*draft).dropKey),
		from(&store.Buckets, (*draft).putBucket, (*draft).dropBucket),
		from(&store.Instances, (*draft).putInstance, (*draft).dropInstance),
		from(&store.Locations, (*draft).putLocation, (*draft).dropLocation),
		from(&store.DirectoryUsers, (*draft).putPerson, (*draft).dropPerson),
		from(&store.DirectoryGroups, (*draft).putGroup, (*draft).dropGroup),
		from(&store.IdentityCenters, (*draft).putIdentityCenter, (*draft).dropIdentityCenter),
		from(&store.Applications, (*draft).putApplication, (*draft).dropApplication),
		from(&store.Assignments, (*draft).putAssignment, (*draft).dropAssignment),
		from(&store.Issuers, (*draft).putIssuer, (*draft).dropIssuer),
		from(&store.SignIns, (*draft).putSignIn, (*draft).dropSignIn),
		from(&store.PersonSignIns, (*draft).putPersonSignIn, (*draft).dropPersonSignIn),
		from(&store.ProvisioningTokens, (*draft).putProvisioning, (*draft).dropProvisioning),
		from(&store.OIDCProviders, (*draft).putOIDCProvider, (*draft).dropOIDCProvider),
	}
}

func from[T any](table *store.Table[T], put func(*draft, *T), drop func(*draft, string)) source {
	return source{
		kind: table.Kind,
		all: func(ctx context.Context, q store.Querier, d *draft) error {
			for v, err := range table.All(ctx, q) {
				if err != nil {
					return err
				}
				put(d, v)
			}
			return nil
		},
		read: func(ctx context.Context, q store.Querier, d *draft, ids []string) error {
			rows, err := table.Among(ctx, q, ids)
			if err != nil {
				return err
			}
			for _, v := range rows {
				put(d, v)
			}
			if len(rows) < len(ids) {
				return fmt.Errorf("%d of %d rows: %w", len(rows), len(ids), errInconsistent)
			}
			return nil
		},
		drop: drop,
	}
}

// load reads everything, at one revision, and the cuts since a time.
func load(ctx context.Context, db *store.DB, cutsSince time.Time) (s *Snapshot, err error) {
	err = db.Snapshot(ctx, func(r *store.Reader) error {
		d := (&Snapshot{cuts: &cuts{}, lineage: new(token)}).edit()
		for _, src := range sources() {
			if err := src.all(ctx, r, d); err != nil {
				return err
			}
		}
		for m, err := range store.ScanMemberships(ctx, r) {
			if err != nil {
				return err
			}
			d.join(m.Group, m.User)
		}
		if err := d.loadCuts(ctx, r, cutsSince); err != nil {
			return err
		}
		b := access.NewBuilder(0)
		for g, err := range store.ScanGrants(ctx, r) {
			if err != nil {
				return err
			}
			b.Add(g)
			d.lastGrant = max(d.lastGrant, g.Seq)
		}
		d.grants = b.Index()
		s, _ = d.publish(r.Rev())
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load snapshot: %w", err)
	}
	return s, nil
}

var errInconsistent = errors.New("the change list and the rows do not agree")

// moment is when a snapshot is advanced, when the node last knew that it had heard of everything, and the time before
// which cuts may be forgotten.
type moment struct{ now, heard, cutsSince time.Time }

// advance makes the snapshot of the reader's revision, from s and the changes since. It also returns how many grants
// came and went. It fails with errInconsistent when changes and rows do not agree.
func (s *Snapshot) advance(
	ctx context.Context, r *store.Reader, changes []store.Change, at moment,
) (*Snapshot, int, error) {
	// Only the last change of a row counts: the reader sees the outcome of all changes.
	last := make(map[store.Kind]map[string]store.Op)
	for _, c := range changes {
		if last[c.Kind] == nil {
			last[c.Kind] = map[string]store.Op{}
		}
		last[c.Kind][c.ID] = c.Op
	}
	d := s.edit()
	for _, src := range sources() {
		var stand []string
		for id, op := range last[src.kind] {
			if op == store.Deleted {
				src.drop(d, id)
			} else {
				stand = append(stand, id)
			}
		}
		if err := src.read(ctx, r, d, stand); err != nil {
			return nil, 0, fmt.Errorf("%s: %w", src.kind, err)
		}
	}
	if err := d.advanceMemberships(last[store.KindMembership]); err != nil {
		return nil, 0, err
	}
	if err := d.advanceGrants(ctx, r, last[store.KindGrant]); err != nil {
		return nil, 0, err
	}
	d.advanceCuts(changes, at)
	d.trimCuts(at.cutsSince)
	next, edits := d.publish(r.Rev())
	return next, edits, nil
}

// maxSingleReads is how many new grants are read one by one. More are read together.
const maxSingleReads = 4

func (d *draft) advanceGrants(ctx context.Context, r *store.Reader, last map[string]store.Op) error {
	var added []access.GrantID
	for text, op := range last {
		id, err := access.ParseGrantID(text)
		if err != nil {
			return fmt.Errorf("grant %s: %w", text, errInconsistent)
		}
		if op == store.Deleted {
			d.remove = append(d.remove, id)
		} else {
			added = append(added, id)
		}
	}
	if len(added) <= maxSingleReads {
		for _, id := range added {
			g, err := store.GrantByID(ctx, r, id)
			if err := mustExist(err); err != nil {
				return fmt.Errorf("grant %s: %w", id, err)
			}
			d.putGrant(g)
		}
		return nil
	}
	const page = 5000
	for {
		grants, err := store.GrantsAfter(ctx, r, d.lastGrant, page)
		if err != nil {
			return err
		}
		for _, g := range grants {
			d.putGrant(g)
		}
		if len(grants) < page {
			break
		}
	}
	if len(d.add) != len(added) {
		return fmt.Errorf("%d new grants where the changes name %d: %w", len(d.add), len(added), errInconsistent)
	}
	return nil
}

// mustExist turns a missing row into an inconsistency.
func mustExist(err error) error {
	if err != nil && fault.KindOf(err) == fault.NotFound {
		return errors.Join(errInconsistent, err)
	}
	return err
}
