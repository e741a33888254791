package oauth

import (
	"context"
	"errors"
	"time"

	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// The refresh tokens of a registered client are a family: each is used once, and its use brings the next one. A token
// that was used before was stolen, or its thief was quicker. So its sign-in ends, with everything that resulted from it
// (RFC 9700, 4.14.2).
//
// An application proves who it is with each request (CreateTokenWithIAM is signed). Its refresh tokens are not
// replaced, as RFC 9700 allows. They end with their sign-in all the same.

// refreshGrace is how long the refresh token before the present one may still be used. A client whose answer got lost
// tries again, and the AWS CLI's processes share one token without a lock. The grace is longer than the minute that
// they wait for an answer. Within it the old token brings the same generation of tokens as before. It does not help a
// thief for long: the thief and the client then have the same generation, and the first of the two to fall behind ends
// the sign-in.
const refreshGrace = 2 * time.Minute

// errReused says that a refresh token was used before, too long ago for a client that tries again.
var errReused = errors.New("the refresh token was used before")

// rotate commits the use of a client's refresh token together with the call's record. The row is read in the
// transaction: of two requests with the same token, on any nodes, one replaces it, and the other comes within the
// grace.
func (e *Exchange) rotate(ctx context.Context, call *control.Call, who *tokenSubject) error {
	now := call.Facts.Time.UTC()
	err := e.Control.Update(ctx, call, func(tx *store.Tx) error {
		row, err := store.PersonSignIns.Get(ctx, tx, who.SignInID)
		switch {
		case fault.Is(err, fault.NotFound, fault.SignIn):
			return signInEnded()
		case err != nil:
			return err
		case !row.Ended.IsZero():
			return signInEnded()
		case who.number == row.Refreshes:
			row.Refreshes, row.Refreshed = row.Refreshes+1, now
			return store.PersonSignIns.Update(tx, row)
		case who.number == row.Refreshes-1 && now.Before(row.Refreshed.Add(refreshGrace)):
			return nil
		}
		return errReused
	})
	if !errors.Is(err, errReused) {
		return err
	}
	call.Event.ResponseElements = nil
	if err := e.End(ctx, call, who.SignInID, fault.RefreshTokenReused); err != nil {
		return err
	}
	return fault.Refuse(fault.Invalid, fault.IdentityToken, fault.RefreshTokenReused,
		"the refresh token was used before; sign in again")
}

func signInEnded() error { return ended(fault.SignInEnded, "the sign-in has ended") }

func ended(why fault.Reason, text string) error {
	return fault.Refuse(fault.Invalid, fault.IdentityToken, why, "%s; sign in again", text)
}

// SignInStands checks that the sign-in of a token still stands, by a snapshot that shows the sign-in: a client may
// bring its first token to another node than the one that issued it a moment ago.
func (e *Exchange) SignInStands(ctx context.Context, call *control.Call, d *credential.Delegation) error {
	if call.Snapshot.PersonSignIn(d.SignInID) == nil {
		if err := e.catchUp(ctx, call, d.SignInID); err != nil {
			return err
		}
	}
	err := caller.SignInStands(call.Snapshot, d)
	if f := fault.Of(err); err != nil && f.Kind == fault.Denied {
		return ended(f.Reason, f.Text.String())
	}
	return err
}

// catchUp gives the call a snapshot that shows a sign-in, if the sign-in is in the database.
func (e *Exchange) catchUp(ctx context.Context, call *control.Call, id string) error {
	_, err := store.PersonSignIns.Get(ctx, e.Control.DB, id)
	if fault.Is(err, fault.NotFound, fault.SignIn) {
		return signInEnded()
	}
	if err != nil {
		return err
	}
	rev, err := e.Control.DB.Rev(ctx)
	if err != nil {
		return err
	}
	if err := e.Control.Engine.Await(ctx, rev); err != nil {
		return err
	}
	call.Snapshot, err = e.Control.Engine.Snapshot()
	return err
}

// End ends a sign-in, and notes it in the call's record. A sign-in that has ended already keeps its end.
func (e *Exchange) End(ctx context.Context, call *control.Call, id string, why fault.Reason) error {
	call.Event.AdditionalEventData["signInEnded"] = map[string]any{"signInId": id, "reason": string(why)}
	return e.Control.Engine.Update(ctx, func(tx *store.Tx) error { return endRow(ctx, tx, id, why) })
}

func endRow(ctx context.Context, tx *store.Tx, id string, why fault.Reason) error {
	row, err := store.PersonSignIns.Get(ctx, tx, id)
	if fault.Is(err, fault.NotFound, fault.SignIn) {
		return nil
	}
	if err != nil || !row.Ended.IsZero() {
		return err
	}
	row.Ended, row.EndedBy = tx.Now(), why
	return store.PersonSignIns.Update(tx, row)
}
