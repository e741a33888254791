package identitycenter

import (
	"context"

	"latchkey/internal/control"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// BackgroundSessions is the status that PutBackgroundSessions last set, ENABLED or DISABLED. It is empty if it was
// never set.
func (c *Center) BackgroundSessions(call *control.Call, arn string) (string, error) {
	app, err := application(call, "sso:GetApplicationSessionConfiguration", arn)
	if err != nil {
		return "", err
	}
	return app.BackgroundSessions, nil
}

// PutBackgroundSessions sets whether jobs of the application may go on after their user's session has ended. Latchkey
// has no such sessions: the status is only stored for clients. An empty status changes nothing.
func (c *Center) PutBackgroundSessions(ctx context.Context, call *control.Call, arn, status string) error {
	app, err := ownApplication(call, "sso:PutApplicationSessionConfiguration", arn)
	if err != nil {
		return err
	}
	return c.change(ctx, call, app, func(_ *store.Tx, a *sso.Application) error {
		if status != "" {
			a.BackgroundSessions = status
		}
		return nil
	})
}
