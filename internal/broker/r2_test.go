package broker

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
)

func TestIdentityCase096_ASessionOfR2ListsWhatItMayDo(t *testing.T) {
	at := &url.URL{Scheme: "https", Host: "acc0unt.r2.cloudflarestorage.com"}
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	s, err := New(Settings{
		Name: "r2", Dialect: R2, S3Endpoint: at, Credentials: Static(own), Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	claims := func(f Fence) (c r2Claims) {
		t.Helper()
		got, err := s.Assume(t.Context(), Ask{Fence: f, Duration: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		plain, _ := base64.StdEncoding.DecodeString(got.SessionToken.Reveal())
		jwt, ok := strings.CutPrefix(string(plain), "jwt/")
		part := strings.Split(jwt, ".")
		sum := sha256.Sum256([]byte(jwt))
		mac := hmac.New(sha256.New, []byte(own.SecretAccessKey))
		if !ok || len(part) != 3 || got.Secret.Reveal() != hex.EncodeToString(sum[:]) || got.AccessKeyID != own.AccessKeyID {
			t.Fatalf("%q", jwt)
		}
		mac.Write([]byte(part[0] + "." + part[1]))
		if base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) != part[2] {
			t.Error("the signature is not the parent's")
		}
		body, _ := base64.RawURLEncoding.DecodeString(part[1])
		if err := json.Unmarshal(body, &c); err != nil {
			t.Fatal(err)
		}
		if !got.Expires.Equal(now.Add(time.Hour)) || c.Expires != got.Expires.Unix() || c.Bucket != "lake" ||
			c.Subject != "acc0unt" || c.Audience != at.Host || c.Issuer != own.AccessKeyID {
			t.Errorf("%+v", c)
		}
		return c
	}
	w := claims(team(access.Write))
	for _, reading := range []string{"GetObject", "HeadObject", "ListObjectsV2", "CopyObject", "UploadPartCopy"} {
		if slices.Contains(w.Actions, reading) {
			t.Errorf("a permission to write may %s", reading)
		}
	}
	if !slices.Contains(w.Actions, "PutObject") || !slices.Equal(w.Paths.Prefixes, []string{"team1/"}) ||
		len(w.Paths.Objects) != 0 || w.Scope != "object-read-write" {
		t.Errorf("%+v", w)
	}
	r := claims(team(access.Read))
	if slices.Contains(r.Actions, "PutObject") || !slices.Contains(r.Actions, "ListObjectsV2") ||
		r.Scope != "object-read-only" {
		t.Errorf("%+v", r)
	}
	one := claims(Fence{Bucket: "lake", Prefix: "k*", Exact: true, Permission: access.Read})
	if len(one.Paths.Prefixes) != 0 || !slices.Equal(one.Paths.Objects, []string{"k*"}) ||
		slices.Contains(one.Actions, "ListObjectsV2") {
		t.Errorf("%+v", one)
	}
	if c, err := s.Assume(t.Context(), Ask{Duration: time.Hour}); err == nil || c.AccessKeyID != "" {
		t.Errorf("a session for nothing: %v, %v", c, err)
	}
}
