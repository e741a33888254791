package oidc_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"latchkey/internal/fault"
	"latchkey/internal/oidc"
	"latchkey/internal/oidc/oidctest"
)

var (
	honest   = netip.MustParsePrefix("198.51.100.1/32")
	attacker = netip.MustParsePrefix("198.51.100.2/32")
)

// clocked is a verifier whose clock the test moves.
func clocked() (v *oidc.Verifier, now *time.Time) {
	now = new(time.Now())
	return oidc.New(oidc.Options{AllowPrivate: true, Now: func() time.Time { return *now }}), now
}

func reasonOf(err error) fault.Reason {
	if e, ok := errors.AsType[*oidc.Error](err); ok {
		return e.Reason
	}
	return ""
}

func stranger(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestAKeyThatChangedUnderItsOldID(t *testing.T) {
	i := oidctest.New(t)
	v, now := clocked()
	verify := func(token string) error {
		_, err := v.Verify(t.Context(), token, honest, trusting(i.URL))
		return err
	}
	if err := verify(i.Token(t, nil)); err != nil {
		t.Fatal(err)
	}
	key := stranger(t)
	i.Use(key, jose.JSONWebKey{Key: key.Public(), KeyID: "key-1", Use: "sig", Algorithm: "RS256"})
	if err := verify(i.Token(t, nil)); err != nil {
		t.Errorf("the new key under the old id: %v", err)
	}
	i.Use(key, jose.JSONWebKey{Key: key.Public(), KeyID: "key-1", Use: "sig", Algorithm: "RS512"})
	if err := verify(oidctest.Sign(t, jose.RS512, key, "key-1", i.Claims(nil))); err != nil {
		t.Errorf("the key for another algorithm: %v", err)
	}
	before := i.Fetches.Load()
	forged := oidctest.Sign(t, jose.RS512, stranger(t), "key-1", i.Claims(nil))
	for range 20 {
		if r := reasonOf(verify(forged)); r != fault.SignatureInvalid {
			t.Fatalf("a forged signature, and keys that are new: %s", r)
		}
	}
	if n := i.Fetches.Load() - before; n > 1 {
		t.Errorf("20 forged signatures made %d fetches", n)
	}
	*now = now.Add(35 * time.Second)
	if verify(forged); reasonOf(verify(forged)) != fault.SignatureInvalid {
		t.Error("the keys were fetched just now: the signature is wrong")
	}
}

// One source of forged key ids uses up its own fetches, and not those that an honest token with a new key needs.
func TestAttack22_ForgedKeyIDsLeaveHonestFetches(t *testing.T) {
	i := oidctest.New(t)
	v, now := clocked()
	if _, err := v.Verify(t.Context(), i.Token(t, nil), honest, trusting(i.URL)); err != nil {
		t.Fatal(err)
	}
	key := stranger(t)
	flood := func(n int) (r fault.Reason) {
		token := oidctest.Sign(t, jose.RS256, key, fmt.Sprint("forged-", n), i.Claims(nil))
		_, err := v.Verify(t.Context(), token, attacker, trusting(i.URL))
		return reasonOf(err)
	}
	for n := range 40 {
		r := flood(n)
		if n < 3 && r != fault.KeyUnknown || n > 3 && r != fault.KeysNotRefetched {
			t.Fatalf("forged key id %d: %s", n, r)
		}
	}
	for range 3 {
		i.Rotate(t)
		if _, err := v.Verify(t.Context(), i.Token(t, nil), honest, trusting(i.URL)); err != nil {
			t.Errorf("an honest token with a new key: %v", err)
		}
		flood(1)
		*now = now.Add(31 * time.Second)
		flood(2)
	}
}

func TestAllSourcesTogetherAreBounded(t *testing.T) {
	i := oidctest.New(t)
	v, now := clocked()
	forged := oidctest.Sign(t, jose.RS256, stranger(t), "forged", i.Claims(nil))
	last := fault.Reason("")
	for n := range 300 {
		from := netip.PrefixFrom(netip.AddrFrom4([4]byte{203, 0, byte(n / 100), byte(n)}), 32)
		_, err := v.Verify(t.Context(), forged, from, trusting(i.URL))
		last = reasonOf(err)
	}
	if n := i.Fetches.Load(); n > 30 {
		t.Errorf("300 sources made %d fetches", n)
	}
	if last != fault.KeysNotRefetched {
		t.Errorf("the last one was told %s", last)
	}
	*now = now.Add(time.Minute)
	i.Rotate(t)
	if _, err := v.Verify(t.Context(), i.Token(t, nil), honest, trusting(i.URL)); err != nil {
		t.Errorf("a minute later: %v", err)
	}
}

func TestAKeySetThatIsTooLong(t *testing.T) {
	i := oidctest.New(t)
	key := stranger(t)
	serve := func(n int) {
		i.Serve(oidctest.KeySet, func(w http.ResponseWriter, _ *http.Request) {
			var set jose.JSONWebKeySet
			for k := range n {
				set.Keys = append(set.Keys, jose.JSONWebKey{Key: i.PublicKey(), KeyID: fmt.Sprint("other-", k)})
			}
			set.Keys = append(set.Keys, jose.JSONWebKey{Key: key.Public(), KeyID: "last"})
			json.NewEncoder(w).Encode(set)
		})
	}
	token := oidctest.Sign(t, jose.RS256, key, "last", i.Claims(nil))
	large := func() *oidc.Verifier { return oidc.New(oidc.Options{AllowPrivate: true, MaxDocument: 1 << 20}) }
	serve(oidc.MaxKeys - 1)
	if _, err := large().Verify(t.Context(), token, anywhere, trusting(i.URL)); err != nil {
		t.Errorf("with as many keys as allowed: %v", err)
	}
	serve(oidc.MaxKeys)
	refused(t, large(), i, token, fault.IssuerInvalid)
}
