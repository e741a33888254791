package store

import (
	"context"
	"database/sql"
	"iter"
	"strings"
	"time"

	"latchkey/internal/directory"
	"latchkey/internal/fault"
)

const (
	insertMembership  = `INSERT INTO memberships (seq, id, store, group_id, user_id, created_at, created_by) VALUES `
	membershipColumns = 7
	selectMembership  = `SELECT seq, id, store, group_id, user_id, created_at, created_by FROM memberships`
)

// PairID is the id of a membership in the change list. It names the group and the user, so a follower of the list need
// not read the row.
func PairID(g directory.GroupID, u directory.UserID) string { return string(g) + "/" + string(u) }

// CutPairID splits what PairID joined.
func CutPairID(id string) (g directory.GroupID, u directory.UserID, ok bool) {
	a, b, ok := strings.Cut(id, "/")
	return directory.GroupID(a), directory.UserID(b), ok
}

// InsertMembership puts a user into a group and gives the membership its Seq. It fails with AlreadyExists when the user
// is in the group. The caller has to check that the user and the group exist in the same identity store.
func InsertMembership(tx *Tx, m *directory.Membership) error {
	m.Seq = tx.nextSeq()
	n, err := tx.exec(insertMembership+placeholders(1, membershipColumns)+` ON CONFLICT DO NOTHING`, membershipRow(m)...)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.AlreadyExists, fault.Membership, "")
	}
	tx.changed(KindMembership, PairID(m.Group, m.User), Inserted)
	return nil
}

// InsertMemberships is InsertMembership for many, in few statements. It fails with AlreadyExists when any of them
// exists. The caller must then roll the transaction back.
func InsertMemberships(tx *Tx, all []directory.Membership) error {
	rows := make([][]any, len(all))
	for i := range all {
		all[i].Seq = tx.nextSeq()
		rows[i] = membershipRow(&all[i])
		tx.changed(KindMembership, PairID(all[i].Group, all[i].User), Inserted)
	}
	n, err := tx.insertMany(insertMembership, ` ON CONFLICT DO NOTHING`, rows)
	if err != nil {
		return err
	}
	if n < int64(len(rows)) {
		tx.broken = fault.New(fault.AlreadyExists, fault.Membership, "")
		return tx.broken
	}
	return nil
}

func membershipRow(m *directory.Membership) []any {
	return []any{m.Seq, string(m.ID), string(m.Store), string(m.Group), string(m.User), m.Created.UnixMicro(), m.CreatedBy}
}

// DeleteMembership takes a user out of a group, and keeps the membership as history. It cuts the membership: a session
// that hangs on it stays ended when the user comes back. It fails with NotFound when the user is not in the group.
func DeleteMembership(tx *Tx, g directory.GroupID, u directory.UserID) error {
	if err := endMemberships(tx, `group_id = $3 AND user_id = $4`, string(g), string(u)); err != nil {
		return err
	}
	n, err := tx.exec(`DELETE FROM memberships WHERE group_id = $1 AND user_id = $2`, string(g), string(u))
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.NotFound, fault.Membership, "")
	}
	tx.changed(KindMembership, PairID(g, u), Deleted)
	return nil
}

// MembershipByID finds a membership. It fails with NotFound when there is none.
func MembershipByID(ctx context.Context, q Querier, id directory.MembershipID) (*directory.Membership, error) {
	return firstMembership(ctx, q, selectMembership+` WHERE id = $1`, string(id))
}

// MembershipOf finds the membership of a user in a group. It fails with NotFound when there is none.
func MembershipOf(
	ctx context.Context, q Querier, g directory.GroupID, u directory.UserID,
) (*directory.Membership, error) {
	return firstMembership(ctx, q, selectMembership+` WHERE group_id = $1 AND user_id = $2`, string(g), string(u))
}

func firstMembership(ctx context.Context, q Querier, text string, args ...any) (*directory.Membership, error) {
	all, err := collect(ctx, q, scanMembership, text, args...)
	if err != nil {
		return nil, unavailable("read membership", err)
	}
	if len(all) == 0 {
		return nil, fault.New(fault.NotFound, fault.Membership, "")
	}
	return &all[0], nil
}

const (
	membershipsOfGroup = selectMembership + ` WHERE group_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`
	membershipsOfUser  = selectMembership + ` WHERE user_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`
)

// MembershipsOfGroup returns the memberships of a group whose number is above after, oldest first, at most limit.
func MembershipsOfGroup(
	ctx context.Context, q Querier, g directory.GroupID, after int64, limit int,
) ([]directory.Membership, error) {
	return memberships(ctx, q, membershipsOfGroup, string(g), after, limit)
}

// MembershipsOfUser returns the memberships of a user whose number is above after, oldest first, at most limit.
func MembershipsOfUser(
	ctx context.Context, q Querier, u directory.UserID, after int64, limit int,
) ([]directory.Membership, error) {
	return memberships(ctx, q, membershipsOfUser, string(u), after, limit)
}

func memberships(ctx context.Context, q Querier, text string, args ...any) ([]directory.Membership, error) {
	all, err := collect(ctx, q, scanMembership, text, args...)
	if err != nil {
		return nil, unavailable("read memberships", err)
	}
	return all, nil
}

// ScanMemberships goes through the memberships of all stores, oldest first.
func ScanMemberships(ctx context.Context, q Querier) iter.Seq2[directory.Membership, error] {
	const page = 5000
	return func(yield func(directory.Membership, error) bool) {
		for after := int64(0); ; {
			all, err := memberships(ctx, q, selectMembership+` WHERE seq > $1 ORDER BY seq LIMIT $2`, after, page)
			if err != nil {
				yield(directory.Membership{}, err)
				return
			}
			for _, m := range all {
				if !yield(m, nil) {
					return
				}
				after = m.Seq
			}
			if len(all) < page {
				return
			}
		}
	}
}

func scanMembership(rows *sql.Rows) (m directory.Membership, err error) {
	var at int64
	err = rows.Scan(&m.Seq, &m.ID, &m.Store, &m.Group, &m.User, &at, &m.CreatedBy)
	m.Created = time.UnixMicro(at).UTC()
	return m, err
}
