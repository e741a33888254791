package store

import (
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/credential"
	"latchkey/internal/sso"
)

// The default location has the same id when it is made anew.
func TestALocationIsCut(t *testing.T) {
	old := &Location{Location: access.Location{
		ID: access.DefaultLocationID, Account: "123456789012", Region: "us-east-1", RoleARN: "arn:1", RoleID: "AROA1",
	}}
	moved, anew, tagged := *old, *old, *old
	moved.RoleARN, moved.RoleID = "arn:2", "AROA2"
	anew.RoleID = "AROA3"
	tagged.Tags = []access.Tag{{Key: "k", Value: "v"}}
	want := credential.Ground{Kind: credential.OnLocation, ID: "123456789012/us-east-1/default"}
	for name, now := range map[string]*Location{"deleted": nil, "moved": &moved, "another role of the name": &anew} {
		if cut := Locations.Cuts(old, now); len(cut) != 1 || cut[0] != want {
			t.Errorf("%s: %v", name, cut)
		}
	}
	open := *old
	open.Asserted = true
	if cut := Locations.Cuts(&open, old); len(cut) != 1 || cut[0] != want {
		t.Errorf("named people are not admitted any more: %v", cut)
	}
	for name, now := range map[string]*Location{"tagged": &tagged, "named people are admitted": &open} {
		if cut := Locations.Cuts(old, now); len(cut) != 0 {
			t.Errorf("%s: %v", name, cut)
		}
	}
}

func TestWhatAnApplicationLosesIsCut(t *testing.T) {
	scope := func(targets ...string) sso.Application {
		return sso.Application{Scopes: []sso.AccessScope{{Name: "s", Targets: targets}}}
	}
	on := func(target string) credential.Ground {
		return credential.Ground{Kind: credential.OnAccessScope, ID: "apl-1/s/" + target}
	}
	everybody := credential.Ground{Kind: credential.OnAssignment, ID: "apl-1/EVERYBODY/"}
	for name, c := range map[string]struct {
		old, now sso.Application
		cut      []credential.Ground
	}{
		"a scope of everything":  {scope(), sso.Application{}, []credential.Ground{on("*")}},
		"everything but one":     {scope(), scope("a"), []credential.Ground{on("*")}},
		"one target of two":      {scope("a", "b"), scope("b"), []credential.Ground{on("a")}},
		"nothing, it is widened": {scope("a"), scope(), nil},
		"that everybody may use it": {sso.Application{AssignmentOptional: true}, sso.Application{},
			[]credential.Ground{everybody}},
		"nothing, everybody may use it now": {sso.Application{}, sso.Application{AssignmentOptional: true}, nil},
	} {
		c.old.ID, c.now.ID = "apl-1", "apl-1"
		cut := cutsOfApplication(&c.old, &c.now)
		if len(cut) != len(c.cut) || len(cut) == 1 && cut[0] != c.cut[0] {
			t.Errorf("%s: %v", name, cut)
		}
	}
}
