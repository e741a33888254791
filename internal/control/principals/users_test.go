package principals_test

import (
	"fmt"
	"slices"
	"testing"

	"latchkey/internal/control/principals"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
)

func TestUsers(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	u, err := w.CreateUser(ctx, w.asRoot(),
		principals.NewUser{Name: "alice", Path: "/team/", Tags: []iam.Tag{{Key: "k", Value: "v"}}})
	must(t, err)
	if u.ARN() != iamARN+"user/team/alice" || len(u.ID) != 21 || u.Created.IsZero() {
		t.Fatalf("made %+v", u)
	}
	t.Run("found whatever the case", func(t *testing.T) {
		got, err := w.GetUser(w.asRoot(), "ALICE")
		must(t, err)
		if got.ID != u.ID {
			t.Fatalf("found %+v", got)
		}
	})
	t.Run("refused when the name differs in case only", func(t *testing.T) {
		_, err := w.CreateUser(ctx, w.asRoot(), principals.NewUser{Name: "Alice"})
		refused(t, err, fault.AlreadyExists, "User with name Alice already exists.")
	})
	t.Run("another account may use the name, and neither sees the other's", func(t *testing.T) {
		_, err := w.CreateUser(ctx, w.by(w.otherRoot), principals.NewUser{Name: "alice"})
		must(t, err)
		_, err = w.CreateUser(ctx, w.asRoot(), principals.NewUser{Name: "onlyhere"})
		must(t, err)
		_, err = w.GetUser(w.by(w.otherRoot), "onlyhere")
		refused(t, err, fault.NotFound, "The user with name onlyhere cannot be found.")
		page, err := w.ListUsers(w.by(w.otherRoot), "", principals.Ask{})
		must(t, err)
		if len(page.Items) != 1 || page.Items[0].Account != other {
			t.Fatalf("listed %v", page.Items)
		}
		refused(t, w.DeleteUser(ctx, w.by(w.otherRoot), "onlyhere"), fault.NotFound, "cannot be found")
	})
	for _, bad := range []principals.NewUser{{Name: "a b"}, {Name: ""}, {Name: "x", Path: "team/"},
		{Name: "x", Path: "/team"},
		{Name: string(make([]byte, 65))}} {
		t.Run(fmt.Sprintf("refused: name %q path %q", bad.Name, bad.Path), func(t *testing.T) {
			_, err := w.CreateUser(ctx, w.asRoot(), bad)
			refused(t, err, fault.Invalid, "1 validation error detected: Value '")
		})
	}
	t.Run("without a name it is the caller", func(t *testing.T) {
		me, keys := w.user("me", allow("iam:GetUser", "*"))
		got, err := w.GetUser(w.by(keys), "")
		must(t, err)
		if got.ID != me.ID {
			t.Fatalf("got %+v", got)
		}
		got, err = w.GetUser(w.asRoot(), "")
		must(t, err)
		if got != nil {
			t.Fatalf("the root user is %+v", got)
		}
	})
	t.Run("renamed: same id, and both names must be allowed", func(t *testing.T) {
		_, keys := w.user("clerk", allow("iam:UpdateUser", iamARN+"user/team/alice"))
		err := w.UpdateUser(ctx, w.by(keys), "alice", principals.UserChange{Name: "root2"})
		refused(t, err, fault.Denied, iamARN+"user/team/root2")
		err = w.UpdateUser(ctx, w.by(keys), "alice", principals.UserChange{Path: "/admin/"})
		refused(t, err, fault.Denied, iamARN+"user/admin/alice")
		must(t, w.UpdateUser(ctx, w.asRoot(), "alice", principals.UserChange{Name: "alicia", Path: "/"}))
		got, err := w.GetUser(w.asRoot(), "alicia")
		must(t, err)
		if got.ID != u.ID || got.Path != "/" {
			t.Fatalf("got %+v", got)
		}
		err = w.UpdateUser(ctx, w.asRoot(), "alicia", principals.UserChange{Name: "ME"})
		refused(t, err, fault.AlreadyExists, "User with name ME already exists.")
	})
}

func TestDeleteUser(t *testing.T) {
	w := newWorld(t)
	ctx, e := t.Context(), principals.UserNamed("bob")
	_, keys := w.user("bob", allow("s3:*", "*"))
	must(t, w.AttachPolicy(ctx, w.asRoot(), e, "arn:aws:iam::aws:policy/AmazonS3FullAccess"))
	refused(t, w.DeleteUser(ctx, w.asRoot(), "bob"), fault.InUse, "Cannot delete entity, must detach all policies first.")
	must(t, w.DetachPolicy(ctx, w.asRoot(), e, "arn:aws:iam::aws:policy/AmazonS3FullAccess"))
	refused(t, w.DeleteUser(ctx, w.asRoot(), "bob"), fault.InUse, "Cannot delete entity, must delete policies first.")
	must(t, w.DeleteInline(ctx, w.asRoot(), e, "p"))
	refused(t, w.DeleteUser(ctx, w.asRoot(), "bob"), fault.InUse, "Cannot delete entity, must delete access keys first.")
	must(t, w.DeleteAccessKey(ctx, w.asRoot(), "bob", keys.ID))
	must(t, w.DeleteUser(ctx, w.asRoot(), "bob"))
	refused(t, w.DeleteUser(ctx, w.asRoot(), "bob"), fault.NotFound, "The user with name bob cannot be found.")
}

func TestLists(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	for _, n := range []string{"delta", "Alpha", "charlie", "bravo", "echo"} {
		path := "/"
		if n == "echo" {
			path = "/far/"
		}
		_, err := w.CreateUser(ctx, w.asRoot(), principals.NewUser{Name: n, Path: path})
		must(t, err)
	}
	ask := principals.Ask{Max: new(int32(2))}
	var names []string
	var markers []string
	for {
		page, err := w.ListUsers(w.asRoot(), "", ask)
		must(t, err)
		for _, u := range page.Items {
			names = append(names, u.Name)
		}
		if page.Marker == "" {
			break
		}
		ask.Marker = page.Marker
		markers = append(markers, page.Marker)
	}
	if want := []string{"Alpha", "bravo", "charlie", "delta", "echo"}; !slices.Equal(names, want) {
		t.Fatalf("listed %v", names)
	}
	t.Run("a deletion between pages shifts nothing", func(t *testing.T) {
		must(t, w.DeleteUser(ctx, w.asRoot(), "bravo"))
		page, err := w.ListUsers(w.asRoot(), "", principals.Ask{Marker: markers[0]})
		must(t, err)
		if page.Items[0].Name != "charlie" {
			t.Fatalf("goes on with %s", page.Items[0].Name)
		}
	})
	t.Run("filtered by path", func(t *testing.T) {
		page, err := w.ListUsers(w.asRoot(), "/far/", principals.Ask{})
		must(t, err)
		if len(page.Items) != 1 || page.Items[0].Name != "echo" {
			t.Fatalf("listed %v", page.Items)
		}
	})
	for name, marker := range map[string]string{"garbage": "???", "made up": "AAAA", "changed": flip(markers[0])} {
		t.Run("a marker is refused: "+name, func(t *testing.T) {
			_, err := w.ListUsers(w.asRoot(), "", principals.Ask{Marker: marker})
			refused(t, err, fault.Invalid, "Invalid Marker.")
		})
	}
	t.Run("a marker of another list is refused", func(t *testing.T) {
		_, err := w.ListUsers(w.asRoot(), "/far/", principals.Ask{Marker: markers[0]})
		refused(t, err, fault.Invalid, "Invalid Marker.")
		_, err = w.ListRoles(w.asRoot(), "", principals.Ask{Marker: markers[0]})
		refused(t, err, fault.Invalid, "Invalid Marker.")
		_, err = w.ListUsers(w.by(w.otherRoot), "", principals.Ask{Marker: markers[0]})
		refused(t, err, fault.Invalid, "Invalid Marker.")
	})
}

// flip changes one character in the middle of a marker.
func flip(marker string) string {
	b := []byte(marker)
	if i := len(b) / 2; b[i] == 'A' {
		b[i] = 'B'
	} else {
		b[i] = 'A'
	}
	return string(b)
}
