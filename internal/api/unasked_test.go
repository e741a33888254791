package api

import (
	"context"
	"strings"
	"testing"

	wire "latchkey/internal/awsapi/iamapi"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/iam"
	"latchkey/internal/store"
)

// TestAHandlerThatNeverAsks registers the two mistakes that the frame guards against: a handler that changes something
// and one that reads something, neither of which checks whether the caller may.
func TestAHandlerThatNeverAsks(t *testing.T) {
	w := newFrontWorld(t)
	f := &Front{API: w.front.API}
	awswire.Handle(&f.mux, wire.CreateUser, func(ctx context.Context, c *control.Call,
		in *wire.CreateUserRequest) (*wire.CreateUserResponse, error) {
		return nil, f.Control.Update(ctx, c, func(tx *store.Tx) error {
			return store.Users.Insert(tx, &iam.User{ID: "AIDANOBODY", Account: c.Account, Name: awswire.Value(in.UserName),
				Created: tx.Now()})
		})
	})
	awswire.Handle(&f.mux, wire.GetUser, func(_ context.Context, c *control.Call,
		in *wire.GetUserRequest) (*wire.GetUserResponse, error) {
		return &wire.GetUserResponse{User: &wire.User{UserName: in.UserName, UserId: new("AIDASECRET")}}, nil
	})
	w.front = f
	for _, op := range []string{"CreateUser", "GetUser"} {
		t.Run(op, func(t *testing.T) {
			w.log.Reset()
			r := w.answer(w.Sign(t, w.root, "iam", "Action="+op+"&UserName=eve&Version=2010-05-08"))
			body := r.Body.String()
			if r.Code != 500 || strings.Contains(body, "AIDA") || strings.Contains(body, "policy") {
				t.Errorf("%d %s", r.Code, body)
			}
			if log := w.log.String(); !strings.Contains(log, `"op":"`+op+`"`) || !strings.Contains(log,
				"without a policy or a right") {
				t.Errorf("logged %s", log)
			}
			records := w.Records(t)
			if last := records[len(records)-1]; last.EventName != op || last.ErrorCode == "" || len(last.ResponseElements) > 0 {
				t.Errorf("recorded %+v", last)
			}
			snap, err := w.Engine.Snapshot()
			if w.must(err); snap.UserByName(owner, "eve") != nil {
				t.Error("the user was made")
			}
		})
	}
}
