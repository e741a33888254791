package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"strings"
	"time"

	"latchkey/internal/credential"
)

// KindCut is the kind of cuts in the change list. ID is CutID, so a follower of the list need not read the row. Cuts
// are only inserted.
const KindCut Kind = "cut"

// KindEnded is the kind of cuts that somebody made to end sessions, with the same ids.
const KindEnded Kind = "sessions-ended"

// Ended is the reason of a cut by which somebody ended sessions.
const Ended = "ended"

// A Cut ends every session that hangs on the ground and was decided at an earlier revision. It is never taken back: who
// is let in again gets new sessions, and the old ones stay ended.
type Cut struct {
	credential.Ground
	Rev    Rev
	At     time.Time
	Reason string // what happened, such as "disabled"
}

// CutID is the id of a cut in the change list.
func CutID(g credential.Ground) string { return g.Kind.String() + " " + g.ID }

// ParseCutID splits what CutID joined.
func ParseCutID(id string) (credential.Ground, bool) {
	name, id, ok := strings.Cut(id, " ")
	kind, known := credential.ParseGroundKind(name)
	return credential.Ground{Kind: kind, ID: id}, ok && known
}

const insertCut = `INSERT INTO cuts (kind, id, rev, at, reason) VALUES `

// Cut cuts grounds. Tables cut what their rows stand for by themselves, see Table.Cuts.
func (t *Tx) Cut(reason string, grounds ...credential.Ground) error {
	rows := make([][]any, 0, len(grounds))
	for _, g := range grounds {
		rows = append(rows, []any{g.Kind.String(), g.ID, int64(t.rev), t.now.UnixMicro(), reason})
		kind := KindCut
		if reason == Ended {
			kind = KindEnded
		}
		t.changed(kind, CutID(g), Inserted)
	}
	_, err := t.insertMany(insertCut, ` ON CONFLICT DO NOTHING`, rows)
	return err
}

const (
	selectCuts = `SELECT kind, id, rev, at, reason FROM cuts WHERE at >= $1 AND (kind > $2 OR kind = $2 AND id > $3
		OR kind = $2 AND id = $3 AND rev > $4) ORDER BY kind, id, rev LIMIT $5`
	selectCutsOf = `SELECT kind, id, rev, at, reason FROM cuts WHERE kind = $1 AND id = $2 AND rev > $3
		ORDER BY rev LIMIT $4`
	removeSessionCuts = `DELETE FROM cuts WHERE (kind, id, rev) IN
		(SELECT kind, id, rev FROM cuts WHERE kind = $1 AND at < $2 ORDER BY at LIMIT $3)`
)

// ScanCuts goes through the cuts since a time. Memberships that have ended are not among them, see
// ScanPastMemberships.
func ScanCuts(ctx context.Context, q Querier, since time.Time) iter.Seq2[Cut, error] {
	const page = 5000
	return func(yield func(Cut, error) bool) {
		for last := (Cut{}); ; {
			name := ""
			if last.Kind != 0 {
				name = last.Kind.String()
			}
			all, err := collect(ctx, q, scanCut, selectCuts, since.UnixMicro(), name, last.ID, int64(last.Rev), page)
			if err != nil {
				yield(Cut{}, unavailable("read cuts", err))
				return
			}
			for _, c := range all {
				if !yield(c, nil) {
					return
				}
				last = c
			}
			if len(all) < page {
				return
			}
		}
	}
}

// CutsOf returns the history of a ground, its generations, oldest first: those above a revision, at most limit.
func CutsOf(ctx context.Context, q Querier, g credential.Ground, after Rev, limit int) ([]Cut, error) {
	all, err := collect(ctx, q, scanCut, selectCutsOf, g.Kind.String(), g.ID, int64(after), limit)
	if err != nil {
		return nil, unavailable("read cuts", err)
	}
	return all, nil
}

// RemoveSessionCuts removes cuts of single sessions from before a time, at most limit, and returns how many it removed.
// Such a cut is of no use when its session has expired. All other cuts are kept as history.
func RemoveSessionCuts(tx *Tx, before time.Time, limit int) (int64, error) {
	n, err := tx.exec(removeSessionCuts, credential.OnSession.String(), before.UnixMicro(), limit)
	tx.written = tx.written || n > 0
	return n, err
}

func scanCut(rows *sql.Rows) (c Cut, err error) {
	var kind string
	var at int64
	if err := rows.Scan(&kind, &c.ID, &c.Rev, &at, &c.Reason); err != nil {
		return c, err
	}
	known := false
	if c.Kind, known = credential.ParseGroundKind(kind); !known {
		return c, fmt.Errorf("cut of an unknown kind %q", kind)
	}
	c.At = time.UnixMicro(at).UTC()
	return c, nil
}
