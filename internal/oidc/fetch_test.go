package oidc_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"latchkey/internal/fault"
	"latchkey/internal/oidc"
	"latchkey/internal/oidc/oidctest"
)

func TestKeysAreFetchedAgainForAnUnknownKeyID(t *testing.T) {
	i := oidctest.New(t)
	v := inside()
	if _, err := v.Verify(t.Context(), i.Token(t, nil), anywhere, trusting(i.URL)); err != nil {
		t.Fatal(err)
	}
	i.Rotate(t)
	if _, err := v.Verify(t.Context(), i.Token(t, nil), anywhere, trusting(i.URL)); err != nil {
		t.Fatalf("after the issuer changed its keys: %v", err)
	}
	if n := i.Fetches.Load(); n != 2 {
		t.Errorf("the keys were fetched %d times", n)
	}
}

func TestKeysAreFetchedAgainWhenOld(t *testing.T) {
	i := oidctest.New(t)
	now := time.Now()
	v := oidc.New(oidc.Options{AllowPrivate: true, Now: func() time.Time { return now }})
	old := i.Token(t, map[string]any{"exp": now.Add(5 * time.Hour).Unix()})
	if _, err := v.Verify(t.Context(), old, anywhere, trusting(i.URL)); err != nil {
		t.Fatal(err)
	}
	i.Rotate(t) // the issuer withdraws the old key
	now = now.Add(2 * time.Hour)
	refused(t, v, i, old, fault.KeyUnknown)
}

func TestAttack22_FloodOfKeyIDsIsRateLimited(t *testing.T) {
	i := oidctest.New(t)
	now := time.Now()
	v := oidc.New(oidc.Options{AllowPrivate: true, Now: func() time.Time { return now }})
	stranger, _ := rsa.GenerateKey(rand.Reader, 2048)
	forged := oidctest.Sign(t, jose.RS256, stranger, "flood", i.Claims(nil))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				v.Verify(t.Context(), forged, anywhere, trusting(i.URL))
			}
		})
	}
	all.Wait()
	if n := i.Fetches.Load(); n > 3 {
		t.Errorf("400 tokens with unknown key ids made %d fetches", n)
	}
	if _, err := v.Verify(t.Context(), i.Token(t, nil), anywhere, trusting(i.URL)); err != nil {
		t.Errorf("the issuer's own tokens suffer from the flood: %v", err)
	}
	now = now.Add(time.Minute)
	before := i.Fetches.Load()
	i.Rotate(t)
	if _, err := v.Verify(t.Context(), i.Token(t, nil), anywhere, trusting(i.URL)); err != nil ||
		i.Fetches.Load() == before {
		t.Errorf("new keys are never seen again: %v", err)
	}
}

func TestAttack22_IssuerThatMisbehaves(t *testing.T) {
	secret, _ := rsa.GenerateKey(rand.Reader, 2048)
	weak, _ := rsa.GenerateKey(rand.Reader, 1024)
	good := jose.JSONWebKey{Key: secret.Public(), KeyID: "k"}
	set := func(keys ...jose.JSONWebKey) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: keys})
		}
	}
	say := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) }
	}
	for name, c := range map[string]struct {
		path string
		h    func(*oidctest.Issuer) http.HandlerFunc
		want fault.Reason
	}{
		"oversized key set": {oidctest.KeySet, func(*oidctest.Issuer) http.HandlerFunc {
			return say(`{"keys":[` + strings.Repeat(" ", 1<<20) + `]}`)
		}, fault.IssuerInvalid},
		"key set that is no JSON": {oidctest.KeySet, func(*oidctest.Issuer) http.HandlerFunc {
			return say("<html>")
		}, fault.IssuerInvalid},
		"empty key set": {oidctest.KeySet, func(*oidctest.Issuer) http.HandlerFunc { return set() }, fault.IssuerInvalid},
		"only a symmetric key": {oidctest.KeySet, func(*oidctest.Issuer) http.HandlerFunc {
			return say(`{"keys":[{"kty":"oct","kid":"k","k":"c2VjcmV0"}]}`)
		}, fault.IssuerInvalid},
		"only a weak key": {oidctest.KeySet, func(*oidctest.Issuer) http.HandlerFunc {
			return set(jose.JSONWebKey{Key: weak.Public(), KeyID: "k"})
		}, fault.IssuerInvalid},
		"only a key to encrypt to": {oidctest.KeySet, func(*oidctest.Issuer) http.HandlerFunc {
			return set(jose.JSONWebKey{Key: secret.Public(), KeyID: "k", Use: "enc"})
		}, fault.IssuerInvalid},
		"its private key published": {oidctest.KeySet, func(*oidctest.Issuer) http.HandlerFunc {
			return set(jose.JSONWebKey{Key: secret, KeyID: "k"})
		}, fault.IssuerInvalid},
		"key set missing": {oidctest.KeySet, func(*oidctest.Issuer) http.HandlerFunc {
			return http.NotFound
		}, fault.IssuerUnreachable},
		"key set elsewhere by redirect": {oidctest.KeySet, func(i *oidctest.Issuer) http.HandlerFunc {
			i.Serve("/moved", set(good))
			return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/moved", http.StatusFound) }
		}, fault.IssuerUnreachable},
		"another issuer's document": {oidctest.Discovery, func(i *oidctest.Issuer) http.HandlerFunc {
			return say(`{"issuer":"https://accounts.example","jwks_uri":"` + i.URL + `/keys"}`)
		}, fault.IssuerInvalid},
		"key set in a file": {oidctest.Discovery, func(i *oidctest.Issuer) http.HandlerFunc {
			return say(`{"issuer":"` + i.URL + `","jwks_uri":"file:///etc/passwd"}`)
		}, fault.IssuerInvalid},
		"no key set": {oidctest.Discovery, func(i *oidctest.Issuer) http.HandlerFunc {
			return say(`{"issuer":"` + i.URL + `"}`)
		}, fault.IssuerInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			i := oidctest.New(t)
			i.Use(secret, good)
			i.Serve(c.path, c.h(i))
			refused(t, inside(), i, oidctest.Sign(t, jose.RS256, secret, "k", i.Claims(nil)), c.want)
		})
	}
}

func TestAttack22_AddressesInsideAreNotConnectedTo(t *testing.T) {
	i, s := oidctest.NewTLS(t)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	token := i.Token(t, nil)
	if _, err := oidc.New(oidc.Options{AllowPrivate: true, Roots: roots}).Verify(t.Context(),
		token, anywhere, trusting(i.URL)); err != nil {
		t.Fatalf("over TLS: %v", err)
	}
	before := i.Fetches.Load()
	v := oidc.New(oidc.Options{Roots: roots})
	refused(t, v, i, token, fault.AddressForbidden)
	// A name that resolves to a private address is refused, too.
	url := strings.Replace(i.URL, "127.0.0.1", "localhost", 1)
	_, err := v.Verify(t.Context(), i.Token(t, map[string]any{"iss": url}), anywhere, trusting(url))
	if e, ok := errors.AsType[*oidc.Error](err); !ok || e.Reason != fault.AddressForbidden {
		t.Errorf("localhost: %v", err)
	}
	for _, url := range []string{
		"http://127.0.0.1:1", "https://169.254.169.254", "https://10.0.0.1",
		"https://[::1]", "https://[fe80::1]", "https://[fec0::1]",
		"https://[::ffff:127.0.0.1]", "https://0.0.0.0",
		"https://100.64.0.1", "https://[fd00::1]", "https://[64:ff9b::7f00:1]",
	} {
		_, err := v.Verify(t.Context(), i.Token(t, map[string]any{"iss": url}), anywhere, trusting(url))
		if e, ok := errors.AsType[*oidc.Error](err); !ok || e.Reason != fault.AddressForbidden {
			t.Errorf("%s: %v", url, err)
		}
	}
	if i.Fetches.Load() != before {
		t.Error("the issuer was asked")
	}
}

func TestNothingIsFetchedForAnIssuerThatNobodyTrusts(t *testing.T) {
	i := oidctest.New(t)
	_, err := inside().Verify(t.Context(), i.Token(t, nil), anywhere, trusting("https://accounts.example"))
	if e, ok := errors.AsType[*oidc.Error](err); !ok || e.Reason != fault.IssuerUnknown || i.Fetches.Load() != 0 {
		t.Fatalf("%v, %d fetches", err, i.Fetches.Load())
	}
}

func TestIssuersMakeRoomForOthers(t *testing.T) {
	v := oidc.New(oidc.Options{AllowPrivate: true, MaxIssuers: 2})
	for range 4 {
		i := oidctest.New(t)
		if _, err := v.Verify(t.Context(), i.Token(t, nil), anywhere, trusting(i.URL)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSilentIssuer(t *testing.T) {
	i := oidctest.New(t)
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	i.Serve(oidctest.KeySet, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	})
	v := oidc.New(oidc.Options{AllowPrivate: true, Timeout: 200 * time.Millisecond})
	refused(t, v, i, i.Token(t, nil), fault.IssuerUnreachable)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	slow := oidc.New(oidc.Options{AllowPrivate: true, Timeout: time.Minute})
	if _, err := slow.Verify(ctx, i.Token(t, nil), anywhere, trusting(i.URL)); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that has gone waits: %v", err)
	}
}

func TestAttack22_KeysWithoutTLS(t *testing.T) {
	i, s := oidctest.NewTLS(t)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	plain := oidctest.New(t)
	i.Serve(oidctest.Discovery, func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{"issuer": i.URL, "jwks_uri": plain.URL + oidctest.KeySet})
	})
	forged := plain.Token(t, map[string]any{"iss": i.URL})
	refused(t, oidc.New(oidc.Options{AllowPrivate: true, Roots: roots}), i, forged, fault.IssuerInvalid)
	// Public addresses are never connected to without TLS, whatever the options.
	v := oidc.New(oidc.Options{AllowPrivate: true, Timeout: 300 * time.Millisecond})
	const public = "http://8.8.8.8:9"
	_, err := v.Verify(t.Context(), i.Token(t, map[string]any{"iss": public}), anywhere, trusting(public))
	if e, ok := errors.AsType[*oidc.Error](err); !ok || e.Reason != fault.AddressForbidden {
		t.Errorf("%v", err)
	}
}
