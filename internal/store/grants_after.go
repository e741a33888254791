package store

import (
	"context"

	"latchkey/internal/access"
)

// GrantsAfter returns the grants of all accounts whose number is above afterSeq, in the order of their creation, at
// most limit. Numbers are given in commit order. So the grants after the last one of a revision are exactly those that
// were added since.
func GrantsAfter(ctx context.Context, q Querier, afterSeq int64, limit int) ([]access.Grant, error) {
	all, err := collect(ctx, q, grantScan(), selectGrant+` WHERE seq > $1 ORDER BY seq LIMIT $2`, afterSeq, limit)
	if err != nil {
		return nil, unavailable("read new grants", err)
	}
	return all, nil
}
