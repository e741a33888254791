package api

import (
	"context"

	wire "latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	people "latchkey/internal/control/identitystore"
	"latchkey/internal/directory"
)

// setUserStatus disables or enables a user of the directory. AWS has no operation for it.
func (a *API) setUserStatus(
	ctx context.Context, c *control.Call, in *wire.SetUserStatusRequest,
) (*wire.SetUserStatusResponse, error) {
	u, err := a.Directory.SetUserStatus(ctx, c,
		people.Named{ID: directory.UserID(awswire.Value(in.UserId)), Name: awswire.Value(in.UserName)},
		people.Status{Disabled: awswire.Value(in.UserStatus) == "DISABLED", Source: awswire.Value(in.Source)})
	if err != nil {
		return nil, err
	}
	out := &wire.SetUserStatusResponse{
		UserId: new(string(u.ID)), UserName: new(u.UserName), UserStatus: new(statusOf(u)),
	}
	for _, b := range u.Blocks {
		out.DisabledBy = append(out.DisabledBy, b.Source)
	}
	return out, nil
}

func statusOf(u *directory.User) string {
	if u.Disabled {
		return "DISABLED"
	}
	return "ENABLED"
}
