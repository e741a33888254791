package store

import (
	"context"
	"database/sql"
	"fmt"
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

// MembershipsThen selects the memberships of a group or of a user at a time. Exactly one of Group and User is set.
type MembershipsThen struct {
	Group directory.GroupID
	User  directory.UserID
	At    time.Time
	After string // list only users, or groups, whose ids are behind this one
	Limit int
}

// membershipsThen lists the memberships of now and of the past. The parts are the column that is given, and the
// one that the list is ordered by. A user is in a group at most once at a time.
const membershipsThen = `SELECT store, group_id, user_id, created_by, created_at AS since, 0 AS until, 0 AS rev
	FROM memberships WHERE %[1]s = $1 AND created_at <= $2 AND %[2]s > $3
	UNION ALL SELECT store, group_id, user_id, created_by, since, until, rev
	FROM past_memberships WHERE %[1]s = $1 AND since <= $2 AND until > $2 AND %[2]s > $3 ORDER BY %[2]s LIMIT $4`

var (
	membersThen = fmt.Sprintf(membershipsThen, "group_id", "user_id")
	groupsThen  = fmt.Sprintf(membershipsThen, "user_id", "group_id")
)

// MembershipsAt lists who was in a group at a time, or in which groups a user was, ordered by the ids of the users or
// groups. A membership that has not ended has neither Until nor Rev. Memberships that ended before the database kept
// them as history are not known.
func MembershipsAt(ctx context.Context, q Querier, f MembershipsThen) ([]PastMembership, error) {
	text, id := membersThen, string(f.Group)
	if f.User != "" {
		text, id = groupsThen, string(f.User)
	}
	all, err := collect(ctx, q, scanPast, text, id, f.At.UnixMicro(), f.After, f.Limit)
	if err != nil {
		return nil, unavailable("read memberships of the past", err)
	}
	return all, nil
}

func scanPast(rows *sql.Rows) (m PastMembership, err error) {
	var since, until int64
	err = rows.Scan(&m.Store, &m.Group, &m.User, &m.CreatedBy, &since, &until, &m.Rev)
	m.Since = time.UnixMicro(since).UTC()
	if until != 0 {
		m.Until = time.UnixMicro(until).UTC()
	}
	return m, err
}
