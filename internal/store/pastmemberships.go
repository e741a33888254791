package store

import (
	"context"
	"database/sql"
	"iter"
	"time"

	"latchkey/internal/directory"
)

// PastMembership is a membership that has ended.
type PastMembership struct {
	Store        directory.StoreID
	Group        directory.GroupID
	User         directory.UserID
	CreatedBy    string
	Since, Until time.Time
	Rev          Rev // that ended it
}

const movePast = `INSERT INTO past_memberships (store, group_id, user_id, created_by, since, until, rev)
	SELECT store, group_id, user_id, created_by, created_at, $1, $2 FROM memberships WHERE `

// endMemberships keeps memberships as history before they are deleted. where selects them, with $3 and on for its
// arguments.
func endMemberships(tx *Tx, where string, args ...any) error {
	_, err := tx.exec(movePast+where+` ON CONFLICT DO NOTHING`,
		append([]any{tx.now.UnixMicro(), int64(tx.rev)}, args...)...)
	return err
}

const (
	selectPast      = `SELECT store, group_id, user_id, created_by, since, until, rev FROM past_memberships`
	selectPastSince = selectPast + ` WHERE until >= $1 AND (until > $2 OR until = $2 AND (group_id > $3
		OR group_id = $3 AND user_id > $4)) ORDER BY until, group_id, user_id LIMIT $5`
)

// ScanPastMemberships goes through the memberships that have ended since a time, in the order of their ends.
func ScanPastMemberships(ctx context.Context, q Querier, since time.Time) iter.Seq2[PastMembership, error] {
	const page = 5000
	return func(yield func(PastMembership, error) bool) {
		for last := (PastMembership{Until: time.UnixMicro(0)}); ; {
			all, err := collect(ctx, q, scanPast, selectPastSince, since.UnixMicro(), last.Until.UnixMicro(),
				string(last.Group), string(last.User), page)
			if err != nil {
				yield(PastMembership{}, unavailable("read past memberships", err))
				return
			}
			for _, m := range all {
				if !yield(m, nil) {
					return
				}
				last = m
			}
			if len(all) < page {
				return
			}
		}
	}
}

const (
	membersThen = ` WHERE group_id = $1 AND since <= $2 AND until > $2 ORDER BY user_id, rev`
	groupsThen  = ` WHERE user_id = $1 AND since <= $2 AND until > $2 ORDER BY group_id, rev`
)

// MembersAt returns the memberships of a group that had begun at a time and have ended since.
func MembersAt(ctx context.Context, q Querier, g directory.GroupID, at time.Time) ([]PastMembership, error) {
	return past(ctx, q, membersThen, string(g), at)
}

// GroupsAt returns the memberships of a user that had begun at a time and have ended since.
func GroupsAt(ctx context.Context, q Querier, u directory.UserID, at time.Time) ([]PastMembership, error) {
	return past(ctx, q, groupsThen, string(u), at)
}

func past(ctx context.Context, q Querier, where, id string, at time.Time) ([]PastMembership, error) {
	all, err := collect(ctx, q, scanPast, selectPast+where, id, at.UnixMicro())
	if err != nil {
		return nil, unavailable("read past memberships", err)
	}
	return all, nil
}

func scanPast(rows *sql.Rows) (m PastMembership, err error) {
	var since, until int64
	err = rows.Scan(&m.Store, &m.Group, &m.User, &m.CreatedBy, &since, &until, &m.Rev)
	m.Since, m.Until = time.UnixMicro(since).UTC(), time.UnixMicro(until).UTC()
	return m, err
}
