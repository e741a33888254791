package credential

import (
	"bytes"
	"encoding/base64"
	"testing"
)

func TestUnsealGivesWhatWasSealed(t *testing.T) {
	older, newer := NewKey(), NewKey()
	r := ringOf(t, older)
	for _, plain := range []string{"", "x", "a secret at rest"} {
		sealed := r.Seal("user secrets", []byte(plain))
		got, err := r.Unseal("user secrets", sealed)
		if err != nil || string(got) != plain {
			t.Errorf("%q: %q, %v", plain, got, err)
		}
		if bytes.Equal(sealed, r.Seal("user secrets", []byte(plain))) {
			t.Error("sealing twice gives one result")
		}
		if plain != "" && len(plain) > 4 && bytes.Contains(sealed, []byte(plain)) {
			t.Error("the sealed form shows the plain one")
		}
	}
	sealed := r.Seal("p", []byte("before"))
	if err := r.Replace(newer, older); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Unseal("p", sealed); err != nil || string(got) != "before" {
		t.Errorf("after a rotation: %q, %v", got, err)
	}
}

func TestUnsealRefuses(t *testing.T) {
	r := ringOf(t, fixedKey(1))
	sealed := r.Seal("page token", []byte("position 17"))
	refuse := func(name, purpose string, b []byte) {
		t.Helper()
		if got, err := r.Unseal(purpose, b); err != ErrSealed || got != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	refuse("another purpose", "page tokens", sealed)
	refuse("no purpose", "", sealed)
	refuse("nothing", "page token", nil)
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 0x40
		refuse("a changed byte", "page token", changed)
		refuse("a cut message", "page token", sealed[:i])
	}
	refuse("a longer message", "page token", append(bytes.Clone(sealed), 0))
	// A sealed session does not unseal, and a sealed message is no session.
	token, err := base64.RawURLEncoding.DecodeString(mint(t, r, assumed()).SessionToken.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	refuse("a session token", sessionPurpose, token)
	forged := base64.RawURLEncoding.EncodeToString(r.Seal(sessionPurpose,
		func() []byte { s := assumed(); return s.encode() }()))
	if _, _, err := r.open("", forged); err != ErrSealed {
		t.Errorf("something sealed opened as a session: %v", err)
	}
}

// A token whose salt is not the hash of its plaintext was not made by sealSession, whatever its tag says.
func TestOpenChecksTheSalt(t *testing.T) {
	r := ringOf(t, fixedKey(1))
	m, s := fixedKey(1).material(), assumed()
	sealed := m.sealWith(m.seal, [saltSize]byte{1}, sessionPurpose, s.encode())
	if _, _, err := r.openSession(sealed); err != ErrSealed {
		t.Error(err)
	}
}
