package scim_test

import (
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/controltest/peopletest"
)

// data is the world with the way of its people to the bucket lake.
type data struct {
	*world
	*peopletest.Way
}

func newData(t *testing.T) *data {
	t.Helper()
	w := newWorld(t)
	return &data{world: w, Way: peopletest.New(t, w.World, account, "lake")}
}

// vend gets a credential for a person whose group has read access.
func (d *data) vend(email string) controltest.Keys {
	d.t.Helper()
	s, err := d.Session(email, d.App)
	controltest.Must(d.t, err)
	v, err := d.Vend(s, "s3://lake/in/*")
	controltest.Must(d.t, err)
	return v
}

func TestWhatSCIMTakesAwayEndsAtTheNextRequest(t *testing.T) {
	d := newData(t)
	alice := d.user("alice")
	g := d.group("readers", alice)
	d.Grant(access.Grantee{Type: access.DirectoryGroup, ID: g}, "in/*", "")
	for name, c := range map[string]struct {
		away, back []string // method, path, body
		reason     string
	}{
		"disabling": {
			[]string{"PATCH", "/Users/" + alice, patch(`{"op":"Replace","path":"active","value":"False"}`)},
			[]string{"PATCH", "/Users/" + alice, patch(`{"op":"Replace","path":"active","value":"True"}`)}, "user_disabled",
		},
		"leaving a group": {
			[]string{"PATCH", "/Groups/" + g, patch(`{"op":"remove","path":"members[value eq \"` + alice + `\"]"}`)},
			[]string{"PATCH", "/Groups/" + g, patch(`{"op":"add","path":"members","value":[{"value":"` + alice + `"}]}`)},
			"membership_removed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			vended := d.vend("alice@mail.example.org")
			if _, err := d.Authenticate(t, vended, "s3"); err != nil {
				t.Fatalf("before: %v", err)
			}
			d.do(c.away[0], c.away[1], c.away[2])
			if _, err := d.Authenticate(t, vended, "s3"); err == nil || !strings.Contains(err.Error(), c.reason) {
				t.Fatalf("afterwards: %v", err)
			}
			d.do(c.back[0], c.back[1], c.back[2])
			if _, err := d.Authenticate(t, vended, "s3"); err == nil || !strings.Contains(err.Error(), c.reason) {
				t.Fatalf("given back, and the old credential with it: %v", err)
			}
			if _, err := d.Authenticate(t, d.vend("alice@mail.example.org"), "s3"); err != nil {
				t.Fatalf("a new credential: %v", err)
			}
		})
	}
	t.Run("deleting, and a namesake gets nothing of it", func(t *testing.T) {
		vended := d.vend("alice@mail.example.org")
		d.do("DELETE", "/Users/"+alice, "").want(204)
		d.user("alice")
		if _, err := d.Authenticate(t, vended, "s3"); err == nil || !strings.Contains(err.Error(), "user_deleted") {
			t.Fatalf("afterwards: %v", err)
		}
		s, err := d.Session("alice@mail.example.org", d.App)
		controltest.Must(t, err)
		if _, err := d.Vend(s, "s3://lake/in/*"); err == nil {
			t.Fatal("the namesake was given access")
		}
	})
	t.Run("who is disabled exchanges no token (case 38)", func(t *testing.T) {
		bob := d.user("bob")
		if _, err := d.Session("bob@mail.example.org", d.App); err != nil {
			t.Fatal(err)
		}
		d.do("PATCH", "/Users/"+bob, patch(`{"op":"Replace","path":"active","value":"False"}`)).want(200)
		if _, err := d.Session("bob@mail.example.org", d.App); err == nil {
			t.Fatal("the exchange was not refused")
		}
	})
}
