package engine

import (
	"strings"

	"latchkey/internal/access"
)

// cutID splits the ids that store.InstanceID (account/region) and store.LocationID (account/region/location) join.
func cutID(id string) (account access.AccountID, region string, location access.LocationID, ok bool) {
	a, rest, ok := strings.Cut(id, "/")
	region, l, _ := strings.Cut(rest, "/")
	return access.AccountID(a), region, access.LocationID(l), ok && region != ""
}
