package store

import (
	"context"
	"iter"

	"latchkey/internal/access"
)

// GrantFilter selects grants of one instance. An empty field selects everything. A grant must match all fields that are
// set (S3 API reference, ListAccessGrants).
type GrantFilter struct {
	Account        access.AccountID
	Region         string
	GranteeType    access.GranteeType
	GranteeID      string
	Permission     access.Permission
	Scope          string // the grant scope as it is stored, compared byte by byte
	ApplicationARN string
}

// GrantsPage lists the grants whose number is above afterSeq, in the order of their creation, at most limit.
func GrantsPage(ctx context.Context, q Querier, f GrantFilter, afterSeq int64, limit int) ([]access.Grant, error) {
	text, args := f.sql(afterSeq, limit)
	all, err := collect(ctx, q, grantScan(), text, args...)
	if err != nil {
		return nil, unavailable("list grants", err)
	}
	return all, nil
}

func (f GrantFilter) sql(afterSeq int64, limit int) (string, []any) {
	var w where
	w.add("account = ", string(f.Account))
	w.add("region = ", f.Region)
	w.add("seq > ", afterSeq)
	w.equal("grantee_id", f.GranteeID)
	w.equal("grantee_type", f.GranteeType.String())
	w.equal("permission", f.Permission.String())
	if f.Scope != "" {
		w.add("scope_hash = ", scopeHash(f.Scope))
		w.add("scope = ", f.Scope)
	}
	if f.ApplicationARN != "" {
		w.add("application_arn = ", f.ApplicationARN)
		w.terms = append(w.terms, "application_arn <> ''") // the index has only these
	}
	text := selectGrant + w.String() + ` ORDER BY seq` + w.limit(limit)
	return text, w.args
}

// ScanGrants goes through every grant of the store in the order of their creation. Over a *Reader they are of
// one revision.
func ScanGrants(ctx context.Context, q Querier) iter.Seq2[access.Grant, error] {
	const page = 5000
	return func(yield func(access.Grant, error) bool) {
		for after := int64(0); ; {
			grants, err := collect(ctx, q, grantScan(), selectGrant+` WHERE seq > $1 ORDER BY seq LIMIT $2`, after, page)
			if err != nil {
				yield(access.Grant{}, unavailable("scan grants", err))
				return
			}
			for _, g := range grants {
				if !yield(g, nil) {
					return
				}
				after = g.Seq
			}
			if len(grants) < page {
				return
			}
		}
	}
}

// GrantCount is how many grants an instance has.
func GrantCount(ctx context.Context, q Querier, account access.AccountID, region string) (n int64, err error) {
	if err := settleCounts(q); err != nil {
		return 0, err
	}
	_, err = queryOne(ctx, q,
		`SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM grant_counts WHERE account = $1 AND region = $2`,
		[]any{string(account), region}, &n)
	if err != nil {
		return 0, unavailable("count grants", err)
	}
	return n, nil
}

// LocationGrantCount is how many grants a location has.
func LocationGrantCount(
	ctx context.Context, q Querier, account access.AccountID, region string, id access.LocationID,
) (n int64, err error) {
	if err := settleCounts(q); err != nil {
		return 0, err
	}
	_, err = queryOne(ctx, q, `SELECT n FROM grant_counts WHERE account = $1 AND region = $2 AND location_id = $3`,
		[]any{string(account), region, string(id)}, &n)
	if err != nil {
		return 0, unavailable("count grants", err)
	}
	return n, nil
}

type countKey struct {
	account  access.AccountID
	region   string
	location access.LocationID
}

// count notes that the transaction adds grants to a location or removes some. finish writes the sums.
func (t *Tx) count(g *access.Grant, by int64) {
	if t.counts == nil {
		t.counts = map[countKey]int64{}
	}
	t.counts[countKey{g.Account, g.Region, g.LocationID}] += by
}

// settleCounts writes the counts that a transaction has gathered, so that its own reads see them.
func settleCounts(q Querier) error {
	if t, ok := q.(*Tx); ok {
		return t.flushCounts()
	}
	return nil
}

func (t *Tx) flushCounts() error {
	for k, by := range t.counts {
		_, err := t.exec(`INSERT INTO grant_counts (account, region, location_id, n) VALUES ($1, $2, $3, $4)
			ON CONFLICT (account, region, location_id) DO UPDATE SET n = grant_counts.n + excluded.n`,
			string(k.account), k.region, string(k.location), by)
		if err == nil && by < 0 {
			_, err = t.exec(`DELETE FROM grant_counts WHERE account = $1 AND region = $2 AND location_id = $3 AND n = 0`,
				string(k.account), k.region, string(k.location))
		}
		if err != nil {
			return err
		}
	}
	clear(t.counts)
	return nil
}
