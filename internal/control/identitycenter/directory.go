package identitycenter

import (
	"context"

	"latchkey/internal/fault"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// Principal checks that a user or group with this id is in the identity store of an instance. It fails with NotFound
// when there is none.
func Principal(ctx context.Context, q store.Querier, i *sso.Instance, t sso.PrincipalType, id string) error {
	var home string
	switch t {
	case sso.User:
		u, err := store.DirectoryUsers.Get(ctx, q, id)
		if err != nil {
			return err
		}
		home = string(u.Store)
	case sso.Group:
		g, err := store.DirectoryGroups.Get(ctx, q, id)
		if err != nil {
			return err
		}
		home = string(g.Store)
	}
	if home != i.IdentityStoreID {
		return fault.New(fault.NotFound, fault.DirectoryUser, "%s %s does not exist", t, id)
	}
	return nil
}
