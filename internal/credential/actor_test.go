package credential

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/fault"
)

// actors are a role that a user assumed, and a user of another application.
func actors() Actors {
	by := asker()
	by.Policies = nil
	return Actors{
		{"apl-1", Asked{
			By: &by, Principal: by.PrincipalID, SourceIP: "192.0.2.9", UserAgent: by.Asked.UserAgent, TLS: 0x304,
		}},
		{"apl-2", Asked{Principal: by.ParentPrincipalID, SourceIP: "2001:db8::9"}},
	}
}

func acted() SealedDelegation {
	d := sealed()
	d.Actors = actors()
	for _, a := range d.Actors {
		d.Grounds.Add(OnActor, ActorID(a.Application, a.Principal))
	}
	return d
}

func TestTokensCarryTheirActors(t *testing.T) {
	r := ringOf(t, fixedKey(1))
	token, err := r.SealDelegation(IdentityContext, acted())
	if err != nil {
		t.Fatal(err)
	}
	d, err := r.OpenDelegation(IdentityContext, token, issued())
	if err != nil || cmp.Diff(acted(), d) != "" {
		t.Error(err, cmp.Diff(acted(), d))
	}
	s := grounded()
	s.Actors = actors()
	s.Grounds.Add(OnActor, ActorID("apl-1", s.Actors[0].Principal))
	c := mint(t, r, s)
	got, _, err := r.Open(c.AccessKeyID, c.SessionToken.Reveal(), issued())
	if err != nil || cmp.Diff(s, got) != "" {
		t.Error(err, cmp.Diff(s, got))
	}
}

func TestActorsAreASet(t *testing.T) {
	all := actors()
	all.AddAll(actors())
	if len(all) != 2 {
		t.Errorf("%d actors", len(all))
	}
	other := actors()[:1]
	other[0].SourceIP = "192.0.2.10"
	if all.AddAll(other); len(all) != 3 {
		t.Error("another request of an actor is left out")
	}
}

func TestActorsRefused(t *testing.T) {
	r := ringOf(t, fixedKey(1))
	for name, change := range map[string]func(*Actors, *Grounds){
		"an actor of no application":   func(a *Actors, _ *Grounds) { (*a)[1].Application = "" },
		"an actor who is nobody":       func(a *Actors, _ *Grounds) { (*a)[1].Principal = "" },
		"a ground without its actor":   func(_ *Actors, g *Grounds) { g.Add(OnActor, ActorID("apl-1", "AIDAELSE")) },
		"grounds within":               func(a *Actors, g *Grounds) { (*a)[0].By.Grounds = *g },
		"actors within":                func(a *Actors, _ *Grounds) { (*a)[0].By.Actors = actors() },
		"an actor by a vended session": func(a *Actors, _ *Grounds) { (*a)[0].By.Kind = Vended },
		"too many": func(a *Actors, _ *Grounds) {
			for len(*a) <= maxActors {
				*a = append(*a, (*a)[1])
			}
		},
	} {
		d, s := acted(), grounded()
		s.Actors = actors()
		change(&d.Actors, &d.Grounds)
		change(&s.Actors, &s.Grounds)
		if _, err := r.SealDelegation(IdentityContext, d); err == nil {
			t.Error(name, "is sealed into a token")
		}
		if again, err := decodeDelegation(d.encode()); err == nil && cmp.Equal(again, d) {
			t.Error(name, "is read from a token")
		}
		if _, err := r.Mint(s); err == nil {
			t.Error(name, "is sealed into a session")
		}
		if again, err := decode(s.encode()); err == nil && cmp.Equal(again, s) {
			t.Error(name, "is read from a session")
		}
	}
}

// What does not fit is refused as too large, not as a mistake of ours.
func TestActorsTooLarge(t *testing.T) {
	r := ringOf(t, fixedKey(1))
	d := acted()
	for i := range maxActors - 1 {
		a := actors()[0]
		a.UserAgent = strings.Repeat(string(rune('a'+i)), MaxAskedAgent)
		d.Actors = append(slices.Clone(d.Actors), a)
	}
	if _, err := r.SealDelegation(IdentityContext, d); !fault.Is(err, fault.TooLarge, fault.PackedPolicy) {
		t.Error(err)
	}
	d = acted()
	for range maxAskedDepth {
		by := asker()
		by.Asked.By = d.Actors[0].By
		d.Actors[0].By = &by
	}
	if _, err := r.SealDelegation(IdentityContext, d); !fault.Is(err, fault.TooLarge, fault.PackedPolicy) {
		t.Error(err)
	}
	s := grounded()
	s.Actors = d.Actors
	if _, err := r.Mint(s); !fault.Is(err, fault.TooLarge, fault.PackedPolicy) {
		t.Error(err)
	}
	d = sealed()
	for len(d.Grounds) <= maxGrounds {
		d.Grounds.Add(OnSession, strings.Repeat("x", len(d.Grounds)+1))
	}
	if _, err := r.SealDelegation(IdentityContext, d); !fault.Is(err, fault.TooLarge, fault.PackedPolicy) {
		t.Error(err)
	}
}

// What programs do has room: an actor at the end of a chain of three roles, a second application, and boto3's user
// agent at each step.
func TestChainsOfActorsFit(t *testing.T) {
	r := ringOf(t, fixedKey(1))
	d := acted()
	for i := range byte(2) {
		by := asker()
		by.ID[3], by.PrincipalID, by.Policies, by.Asked.By = i, "AROA7EXAMPLEROLE9999"+string('a'+i), nil, d.Actors[0].By
		d.Actors[0].By = &by
		d.Grounds.Add(OnPrincipal, by.PrincipalID)
		d.Grounds.Add(OnSession, by.ID.String())
	}
	for k := range GroundKind(GroundKinds + 1) { // one of each
		if k != 0 && k != OnActor {
			d.Grounds.Add(k, "44c854b8-60a1-70f5-9c3a-"+strings.Repeat(string('a'+rune(k)), 12))
		}
	}
	token, err := r.SealDelegation(IdentityContext, d)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(token.Reveal()); n > 3*MaxAssertion/4 {
		t.Errorf("a context of %d characters", n)
	}
}
