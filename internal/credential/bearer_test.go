package credential

import (
	"strings"
	"testing"
	"time"

	"latchkey/internal/fault"
)

// TestOnlyIsPartOfTheSession: the one request is sealed with the session, and nothing else admits.
func TestOnlyIsPartOfTheSession(t *testing.T) {
	for name, s := range map[string]Session{"assumed": assumed(), "vended": vended()} {
		t.Run(name, func(t *testing.T) {
			s.Revision, s.Only = 1, OnlyFor("GET\nhost\n/lake/a")
			r := ringOf(t, fixedKey(1))
			c, err := r.Mint(s)
			if err != nil {
				t.Fatal(err)
			}
			got, _, err := r.Open(c.AccessKeyID, c.SessionToken.Reveal(), issued())
			if err != nil || got.Only != s.Only {
				t.Fatalf("%v %v", got.Only, err)
			}
			if !got.Only.Admits("GET\nhost\n/lake/a") || got.Only.Admits("GET\nhost\n/lake/b") || got.Only.Admits("") {
				t.Error("it does not admit its one request alone")
			}
		})
	}
	if !(Only{}).Admits("anything") || !(Only{}).IsZero() {
		t.Error("no limit limits")
	}
}

// TestAttack24_ABearerIsOfItsSessionAlone changes one part of a bearer after the other.
func TestAttack24_ABearerIsOfItsSessionAlone(t *testing.T) {
	r := ringOf(t, fixedKey(1))
	c, err := r.Mint(assumed())
	if err != nil {
		t.Fatal(err)
	}
	further := assumed()
	further.ID[0]++
	other, err := r.Mint(further)
	if err != nil {
		t.Fatal(err)
	}
	ends := issued().Add(10 * time.Minute)
	good := Bearer(c, ends).Reveal()
	s, key, err := r.OpenBearer(NewSecret(good), issued())
	if err != nil || s.ID != assumed().ID || key != c.AccessKeyID {
		t.Fatalf("the honest bearer: %v %s %v", s.ID, key, err)
	}
	if strings.Contains(good, c.Secret.Reveal()) {
		t.Error("the bearer has the secret in it")
	}
	part := func(n int, text string) string {
		p := strings.Split(good, ".")
		p[n] = text
		return strings.Join(p, ".")
	}
	theirs := strings.Split(Bearer(other, ends).Reveal(), ".")
	for name, text := range map[string]string{
		"nothing": "", "the token alone": c.SessionToken.Reveal(), "another version": part(0, "lkb2"),
		"another key": part(1, other.AccessKeyID), "a later end": part(2, "99999999999"), "an end with a sign": part(2, "+1"),
		"no proof": part(3, ""), "another's proof": part(3, theirs[3]), "another's token": part(4, theirs[4]),
		"a further part": good + ".x", "a part less": good[:strings.LastIndex(good, ".")], "too long": good +
			strings.Repeat("a", MaxBearer),
		"made with the token as the secret": Bearer(Credentials{
			AccessKeyID: c.AccessKeyID, Secret: c.SessionToken, SessionToken: c.SessionToken}, ends).Reveal(),
	} {
		_, _, err := r.OpenBearer(NewSecret(text), issued())
		if !fault.Is(err, fault.Unauthenticated, fault.SessionToken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestABearerEnds: with its own time, and with the session's if that is earlier.
func TestABearerEnds(t *testing.T) {
	r := ringOf(t, fixedKey(1))
	c, err := r.Mint(assumed())
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ lasting, after time.Duration }{
		"its own time":  {time.Minute, time.Minute},
		"the session's": {24 * time.Hour, time.Hour},
	} {
		b := Bearer(c, issued().Add(test.lasting))
		if _, _, err := r.OpenBearer(b, issued().Add(test.after-time.Second)); err != nil {
			t.Errorf("%s: before: %v", name, err)
		}
		if _, _, err := r.OpenBearer(b, issued().Add(test.after)); err == nil {
			t.Errorf("%s: it still holds", name)
		}
	}
}
