package credential

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func sealed() SealedDelegation {
	return SealedDelegation{
		Delegation: delegation(), SignedIn: issued(), Issued: issued(), Expires: issued().Add(time.Hour),
		Revision: 7, Grounds: Grounds{{OnPerson, "44c854b8-60a1-70f5-9c3a-000000000001"}, {OnIssuer, "tti-1"}},
	}
}

func TestDelegationIsOpenedForItsUseOnly(t *testing.T) {
	r := ringOf(t, fixedKey(1))
	uses := []Use{AccessToken, RefreshToken, IdentityContext, AuditContext}
	for _, made := range uses {
		token, err := r.SealDelegation(made, sealed())
		if err != nil {
			t.Fatal(err)
		}
		if n := len(token.Reveal()); n < 4 || n > 2048 {
			t.Errorf("%d characters", n)
		}
		for _, used := range uses {
			got, err := r.OpenDelegation(used, token, issued())
			switch {
			case made == used && (err != nil || cmp.Diff(sealed(), got) != ""):
				t.Errorf("%s: %+v, %v", made, got, err)
			case made != used && !errors.Is(err, ErrSealed):
				t.Errorf("%s as %s: %v", made, used, err)
			}
		}
	}
}

func TestDelegationRefused(t *testing.T) {
	r := ringOf(t, fixedKey(1))
	token, err := r.SealDelegation(IdentityContext, sealed())
	if err != nil {
		t.Fatal(err)
	}
	text := token.Reveal()
	if d, err := r.OpenDelegation(IdentityContext, token, issued().Add(time.Hour)); !errors.Is(err, ErrExpired) ||
		d.UserID == "" {
		t.Errorf("expired: %v", err)
	}
	if _, err := ringOf(t, fixedKey(9)).OpenDelegation(IdentityContext, token, issued()); !errors.Is(err, ErrSealed) {
		t.Errorf("of another ring: %v", err)
	}
	for i := range text {
		other := "A"
		if text[i] == 'A' {
			other = "B"
		}
		_, err := r.OpenDelegation(IdentityContext, NewSecret(text[:i]+other+text[i+1:]), issued())
		if !errors.Is(err, ErrSealed) {
			t.Fatalf("changed at %d: %v", i, err)
		}
	}
	for _, s := range []string{"", "x", text + "\n", text + "=", strings.Repeat("A", MaxToken+1)} {
		if _, err := r.OpenDelegation(IdentityContext, NewSecret(s), issued()); !errors.Is(err, ErrSealed) {
			t.Errorf("%.10q: %v", s, err)
		}
	}
	if _, err := r.SealDelegation(IdentityContext, SealedDelegation{Expires: issued()}); err == nil {
		t.Error("sealed for nobody")
	}
}

func TestSigningKeys(t *testing.T) {
	a, b := ringOf(t, fixedKey(1), fixedKey(9)), ringOf(t, fixedKey(9), fixedKey(1))
	x, y := a.SigningKeys("id tokens"), b.SigningKeys("id tokens")
	if !x[0].Key().Equal(y[1].Key()) || x[0].ID != y[1].ID || x[0].Key().Equal(x[1].Key()) {
		t.Error("the keys do not follow from the ring")
	}
	if x[0].Key().Equal(a.SigningKeys("else")[0].Key()) {
		t.Error("two purposes have one key")
	}
	//lint:ignore SA1019 the number is only looked for in print
	if s := fmt.Sprintf("%+v %#v", x, x); strings.Contains(s, x[0].Key().D.String()) {
		t.Error("a key prints")
	}
}
