package server

import (
	"encoding/json"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	"latchkey/internal/credential"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

func putSignIn(t *testing.T, s *Server) {
	t.Helper()
	err := s.engine.Update(t.Context(), func(tx *store.Tx) error {
		return store.SignIns.Insert(tx, &sso.SignIn{
			Account: "123456789012", IssuerURL: "https://idp.example.org", ClientID: "cli", Scopes: []string{"openid"},
			Sealed:      s.Control.Ring.Seal(sso.SignInPurpose("123456789012"), []byte("between us")),
			Application: "arn:app", ApplicationRole: "arn:role", BearerRole: "arn:bearer",
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDiscovery(t *testing.T) {
	s := boot(t, Config{})
	host := s.listener.Addr().String()
	if status, _, body := send(t, s, http.MethodGet, DiscoveryPath, host); status != http.StatusNotFound ||
		!strings.Contains(body, "not_set_up") {
		t.Errorf("before it is set up: %d %s", status, body)
	}
	putSignIn(t, s)
	want := map[string]any{
		"account":                  "123456789012",
		"region":                   "us-east-1",
		"issuer":                   "https://idp.example.org",
		"client_id":                "cli",
		"scopes":                   []any{"openid"},
		"application_arn":          "arn:app",
		"application_role_arn":     "arn:role",
		"identity_bearer_role_arn": "arn:bearer",
		"sign_in_url":              s.URL(),
		"servers":                  []any{host},
	}
	for name, target := range map[string]string{
		"of the first account": DiscoveryPath,
		"of a named account":   DiscoveryPath + "?account=123456789012",
	} {
		t.Run(name, func(t *testing.T) {
			status, header, body := send(t, s, http.MethodGet, target, host)
			var got map[string]any
			if err := json.Unmarshal([]byte(body), &got); err != nil {
				t.Fatal(err)
			}
			if status != http.StatusOK || header.Get("Content-Type") != "application/json" || !reflect.DeepEqual(got, want) {
				t.Errorf("%d %v, want exactly %v", status, got, want)
			}
		})
	}
	for _, target := range []string{DiscoveryPath + "?account=210987654321", DiscoveryPath + "?account=", DiscoveryPath +
		"?account=x"} {
		if status, _, body := send(t, s, http.MethodGet, target, host); status != http.StatusNotFound {
			t.Errorf("%s: %d %s", target, status, body)
		}
	}
	for _, c := range [][2]string{{http.MethodPut, DiscoveryPath}, {http.MethodGet, DiscoveryPath + "/x"}} {
		if status, _, body := send(t, s, c[0], c[1], host); status < 400 || strings.Contains(body, "idp.example.org") {
			t.Errorf("%s: %d %s", c, status, body)
		}
	}
}

// Resealing must keep a client secret readable after the key that sealed it is dropped.
func TestClientSecretsAreSealedAnew(t *testing.T) {
	data := t.TempDir()
	s := open(t, Config{Data: data})
	putSignIn(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	file := data + "/" + SealingKeysFile
	ring, err := credential.LoadRing(file)
	if err != nil {
		t.Fatal(err)
	}
	fresh := credential.NewKey()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := ring.Replace(append([]credential.Key{fresh}, ring.Keys()...)...); err != nil {
		t.Fatal(err)
	}
	if err := ring.Save(file); err != nil {
		t.Fatal(err)
	}
	s = open(t, Config{Data: data})
	newest, err := credential.NewRing(fresh)
	if err != nil {
		t.Fatal(err)
	}
	snap, err := s.engine.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	secret, err := newest.Unseal(sso.SignInPurpose("123456789012"), snap.SignIn("123456789012").Sealed)
	if err != nil || string(secret) != "between us" {
		t.Errorf("%q %v", secret, err)
	}
}
