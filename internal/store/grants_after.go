package store

import (
	"context"

	"latchkey/internal/access"
)

// GrantsAfter returns grants of every account in the order of their creation, those behind afterSeq, at most
// limit. Numbers are given in commit order, so what is behind the last grant of a revision is exactly what
// was added since.
func GrantsAfter(ctx context.Context, q Querier, afterSeq int64, limit int) ([]access.Grant, error) {
	all, err := collect(ctx, q, grantScan(), selectGrant+` WHERE seq > $1 ORDER BY seq LIMIT $2`, afterSeq, limit)
	if err != nil {
		return nil, unavailable("read new grants", err)
	}
	return all, nil
}
