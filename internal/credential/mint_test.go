package credential

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/fault"
)

func TestOpenGivesWhatWasMinted(t *testing.T) {
	r := ringOf(t, NewKey())
	root := Session{ID: SessionID{7}, Kind: RootSession, Account: "111122223333", PrincipalID: "111122223333",
		Issued: issued(), Expires: issued().Add(time.Hour)}
	user := root
	user.Kind, user.PrincipalID = UserSession, "AIDAEXAMPLEUSERID0001"
	for _, s := range []Session{assumed(), vended(), root, user} {
		t.Run(s.Kind.String(), func(t *testing.T) {
			c := mint(t, r, s)
			if len(c.AccessKeyID) != 20 || !strings.HasPrefix(c.AccessKeyID, "ASIA") || len(c.Secret.Reveal()) != 40 {
				t.Errorf("access key %q, secret of %d characters", c.AccessKeyID, len(c.Secret.Reveal()))
			}
			if n := len(c.SessionToken.Reveal()); n > 1400 {
				t.Errorf("the token has %d bytes", n)
			}
			got, secret, err := r.Open(c.AccessKeyID, c.SessionToken.Reveal(), issued())
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(s, got); d != "" {
				t.Error(d)
			}
			if !secret.Equal(c.Secret) || !c.Expires.Equal(s.Expires) {
				t.Error("another secret or expiry than minted")
			}
		})
	}
}

var update = flag.Bool("update", false, "write the golden files anew")

// TestVectors pins the sealed form of sessions. If it changes, every credential in use becomes worthless.
func TestVectors(t *testing.T) {
	type vector struct{ Session, AccessKeyID, Secret, Token string }
	r := ringOf(t, fixedKey(1))
	var got []vector
	for _, s := range []Session{assumed(), vended()} {
		c := mint(t, r, s)
		got = append(got, vector{s.Kind.String(), c.AccessKeyID, c.Secret.Reveal(), c.SessionToken.Reveal()})
	}
	const path = "testdata/vectors.json"
	if *update {
		b, err := json.MarshalIndent(got, "", "  ")
		if err == nil {
			err = os.WriteFile(path, append(b, '\n'), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var want []vector
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestMintIsDeterministic(t *testing.T) {
	r := ringOf(t, NewKey())
	a, b := mint(t, r, assumed()), mint(t, r, assumed())
	if a.AccessKeyID != b.AccessKeyID || !a.Secret.Equal(b.Secret) || !a.SessionToken.Equal(b.SessionToken) {
		t.Error("equal sessions gave different credentials")
	}
	other := assumed()
	other.ID[0]++
	c := mint(t, r, other)
	if a.AccessKeyID == c.AccessKeyID || a.Secret.Equal(c.Secret) || a.SessionToken.Equal(c.SessionToken) {
		t.Error("different sessions share a part of their credentials")
	}
}

func TestMintRefuses(t *testing.T) {
	r := ringOf(t, NewKey())
	for name, change := range map[string]func(*Session){
		"no kind":                     func(s *Session) { s.Kind = 0 },
		"unknown kind":                func(s *Session) { s.Kind = numberOfKinds },
		"no id":                       func(s *Session) { s.ID = SessionID{} },
		"no account":                  func(s *Session) { s.Account = "" },
		"no principal":                func(s *Session) { s.PrincipalID = "" },
		"no expiry":                   func(s *Session) { s.Expires = time.Time{} },
		"expired when issued":         func(s *Session) { s.Expires = s.Issued },
		"parts of a second":           func(s *Session) { s.Issued = s.Issued.Add(time.Millisecond) },
		"another time zone":           func(s *Session) { s.Issued = s.Issued.In(time.FixedZone("x", 3600)) },
		"vended without grant":        func(s *Session) { s.GrantID = "" },
		"vended without scope":        func(s *Session) { s.Scope = "" },
		"vended without permission":   func(s *Session) { s.Permission = "" },
		"vended without grantee":      func(s *Session) { s.GranteeID = "" },
		"a leash on an assumed role":  func(s *Session) { s.Kind = AssumedRole },
		"a transitive key and no tag": func(s *Session) { s.TransitiveTagKeys = []string{"team"} },
	} {
		t.Run(name, func(t *testing.T) {
			s := vended()
			change(&s)
			if c, err := r.Mint(s); err == nil || fault.KindOf(err) != fault.Internal {
				t.Errorf("minted %v: %v", c, err)
			}
		})
	}
	t.Run("a kind that there is not", func(t *testing.T) {
		for _, k := range []Kind{0, numberOfKinds, 255} {
			s := assumed()
			s.Kind = k
			if _, err := r.Mint(s); err == nil {
				t.Errorf("minted %v", k)
			}
		}
	})
	t.Run("a session too large for a token", func(t *testing.T) {
		s := assumed()
		for range MaxToken / 26 { // random, so that it does not become shorter
			s.PolicyARNs = append(s.PolicyARNs, rand.Text())
		}
		if _, err := r.Mint(s); !fault.Is(err, fault.TooLarge, fault.PackedPolicy) {
			t.Error(err)
		}
	})
}

func TestOpenRefusesAnExpiredSession(t *testing.T) {
	r := ringOf(t, NewKey())
	c := mint(t, r, vended())
	token := c.SessionToken.Reveal()
	if _, _, err := r.Open(c.AccessKeyID, token, c.Expires.Add(-time.Nanosecond)); err != nil {
		t.Errorf("in the last moment: %v", err)
	}
	for _, late := range []time.Duration{0, time.Second, 365 * 24 * time.Hour} {
		s, secret, err := r.Open(c.AccessKeyID, token, c.Expires.Add(late))
		if !fault.Is(err, fault.Expired, fault.SessionToken) || s.Kind != 0 || !secret.IsZero() {
			t.Errorf("%v after its end: %v", late, err)
		}
	}
}

func TestOpenRefusesEveryChangedByte(t *testing.T) {
	r := ringOf(t, NewKey())
	c := mint(t, r, vended())
	token := c.SessionToken.Reveal()
	refuse := func(what string, token string) {
		t.Helper()
		s, secret, err := r.Open(c.AccessKeyID, token, issued())
		if !fault.Is(err, fault.Unauthenticated, fault.SessionToken) || s.Kind != 0 || !secret.IsZero() {
			t.Fatalf("%s: %v", what, err)
		}
	}
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	for i := range sealed {
		for bit := range 8 {
			changed := append([]byte(nil), sealed...)
			changed[i] ^= 1 << bit
			refuse("a flipped bit", base64.RawURLEncoding.EncodeToString(changed))
		}
	}
	for i := range token {
		refuse("a cut token", token[:i])
		for _, c := range []byte("A_\n\r= \x00") {
			if token[i] != c {
				refuse("another character", token[:i]+string(c)+token[i+1:])
			}
			refuse("a further character", token[:i]+string(c)+token[i:])
		}
	}
	refuse("a longer token", token+"AAAA")
	refuse("a padded token", token+"=")
	refuse("a token with a line break", token+"\n")
}

func TestAttack16_TokenOfAnotherKey(t *testing.T) {
	r := ringOf(t, NewKey())
	a, b := mint(t, r, assumed()), mint(t, r, vended())
	for name, key := range map[string]string{
		"another session's access key": b.AccessKeyID,
		"a long-term access key":       "AKIAEXAMPLEKEY000001",
		"no access key":                "",
		"the key in lower case":        strings.ToLower(a.AccessKeyID),
		"a prefix of the key":          a.AccessKeyID[:19],
	} {
		s, secret, err := r.Open(key, a.SessionToken.Reveal(), issued())
		if !fault.Is(err, fault.Unauthenticated, fault.SessionToken) || s.Kind != 0 || !secret.IsZero() {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := r.Open(a.AccessKeyID, "", issued()); !fault.Is(err, fault.Unauthenticated, fault.SessionToken) {
		t.Errorf("no token: %v", err)
	}
	if _, _, err := r.Open(a.AccessKeyID, a.SessionToken.Reveal(), issued()); err != nil {
		t.Errorf("the honest pair: %v", err)
	}
}

func TestAttack23_KeysAreSeparateRandomAndRotate(t *testing.T) {
	older, newer := NewKey(), NewKey()
	if older.ID() == newer.ID() || older.Text().Equal(newer.Text()) {
		t.Fatal("two new keys are one")
	}
	r := ringOf(t, older)
	before := mint(t, r, assumed())
	open := func(c Credentials) error {
		_, _, err := r.Open(c.AccessKeyID, c.SessionToken.Reveal(), issued())
		return err
	}
	if err := r.Replace(newer, older); err != nil {
		t.Fatal(err)
	}
	after := mint(t, r, assumed())
	if before.AccessKeyID == after.AccessKeyID || before.Secret.Equal(after.Secret) {
		t.Error("the new key does not seal")
	}
	if err := open(before); err != nil {
		t.Errorf("the old key no longer opens: %v", err)
	}
	if err := open(after); err != nil {
		t.Error(err)
	}
	if err := r.Replace(newer); err != nil {
		t.Fatal(err)
	}
	if err := open(before); !fault.Is(err, fault.Unauthenticated, fault.SessionToken) {
		t.Errorf("a dropped key still opens: %v", err)
	}
	// Each use has a key of its own: the key of one use opens nothing that another sealed.
	m := newer.material()
	uses := [][]byte{m.root[:], m.salt.key, m.seal.key, m.other.key, m.access.key, m.secret.key}
	for i := range uses {
		for j := range i {
			if string(uses[i]) == string(uses[j]) {
				t.Errorf("uses %d and %d share a key", i, j)
			}
		}
	}
}

func TestAttack24_SecretIsNoFunctionOfWhatIsPublic(t *testing.T) {
	s := assumed()
	a, b := mint(t, ringOf(t, fixedKey(1)), s), mint(t, ringOf(t, fixedKey(2)), s)
	if a.Secret.Equal(b.Secret) || a.AccessKeyID == b.AccessKeyID || a.SessionToken.Equal(b.SessionToken) {
		t.Error("two rings give one session the same secret, key or token")
	}
	// A forger knows everything about the session and the token, but does not have the ring.
	forger := fixedKey(3).material()
	forger.id = fixedKey(1).ID()
	sealed := forger.sealSession(s.encode())
	if _, _, err := ringOf(t, fixedKey(1)).Open(forger.accessKeyID(s.ID, sealed),
		base64.RawURLEncoding.EncodeToString(sealed), issued()); !fault.Is(err, fault.Unauthenticated, fault.SessionToken) {
		t.Errorf("a forged token: %v", err)
	}
	// The bytes of the access key must not contain bytes of the secret.
	m, raw := fixedKey(1).material(), fixedKey(1).material().sealSession(s.encode())
	if credentialHash(m.access, s.ID, raw) == credentialHash(m.secret, s.ID, raw) {
		t.Error("access key and secret come from one value")
	}
}
