package pages_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/internal/control/oauth"
	"latchkey/internal/store"
)

// The number of waiting devices is bounded for each account. Expired requests do not count and are deleted, and the
// network that has the most makes room.
func TestAttack40_DevicesThatWait(t *testing.T) {
	w := newWorld(t)
	c := w.register(nil)
	now := w.Now().UTC()
	fill := func(name string, expires time.Time) {
		w.Change(t, func(tx *store.Tx) error {
			for i := range oauth.MaxPending {
				r := &store.DeviceRequest{ID: fmt.Sprint(name, i), Account: account, Expires: expires}
				if err := store.DeviceRequests.Insert(tx, r); err != nil {
					return err
				}
			}
			return nil
		})
	}
	count := func() int {
		n, err := store.DeviceRequests.Count(t.Context(), w.DB, string(account))
		must(t, err)
		return n
	}
	fill("old", now.Add(-time.Second))
	if a := c.start(); a.status != 200 {
		t.Fatalf("expired requests are in the way: %+v", a)
	}
	fill("new", now.Add(oauth.DeviceLife))
	if a := c.start(); a.status != 200 || count() != oauth.MaxPending {
		t.Errorf("%+v with %d waiting", a, count())
	}
	_, to := approved(w, nil)
	w.Advance(3 * oauth.DeviceLife)
	if a := c.start(); a.status != 200 {
		t.Fatalf("expired requests that are still there are in the way: %+v", a)
	}
	w.clean()
	if count() != 1 {
		t.Errorf("%d rows are left", count())
	}
	if codes, err := store.SignInCodes.Count(t.Context(), w.DB, string(account)); err != nil || codes != 0 || to == nil {
		t.Errorf("%d codes are left, %v", codes, err)
	}
}

// A device code belongs to its client, and is checked as a whole: its first part can be computed from the user code,
// which others can see.
func TestAttack22_DeviceCodesOfOthers(t *testing.T) {
	w := newWorld(t)
	c := w.register(nil)
	d := c.start()
	w.browser().enter(d.text("userCode")).press("approve").shows(200, "Approved")
	w.register(nil).poll(d).wants(t, 400, "InvalidGrantException", "invalid_grant", "code_of_another_client")
	id, secret, _ := strings.Cut(d.text("deviceCode"), ".")
	for _, code := range []string{id, id + ".", id + "." + strings.Repeat("A", 52), "." + secret, secret} {
		w.Advance(oauth.PollInterval)
		c.token(map[string]any{"grantType": string(oauth.DeviceCode), "deviceCode": code}).wants(t, 400,
			"InvalidGrantException", "invalid_grant", "code_unknown")
	}
	c.poll(d).opens(w)
}
