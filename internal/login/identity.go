package login

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// identity is the claims of an identity token that say who the person is, and those that must be checked.
type identity struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  audience `json:"aud"`
	Party     string   `json:"azp"`
	Expires   float64  `json:"exp"`
	Nonce     string   `json:"nonce"`
	Email     string   `json:"email"`
	Preferred string   `json:"preferred_username"`
}

// audience is one text or a list of them (RFC 7519, 4.1.3).
type audience []string

func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// name is what the person is called: the e-mail address, the user name, or else the subject.
func (i *identity) name() string {
	for _, s := range []string{i.Email, i.Preferred, i.Subject} {
		if s != "" {
			return s
		}
	}
	return ""
}

// tokens are what a provider gave for a code or a refresh token.
type tokens struct {
	id       string // the identity token, a JWT
	refresh  string // may be empty
	identity identity
}

// expected is what an identity token must say (OpenID Connect Core 1.0, 3.1.3.7 and 12.2).
type expected struct {
	issuer, client string
	nonce          string // the one that the sign-in began with; empty: the flow has none
	subject        string // of an earlier sign-in that this one renews; empty: anybody
	now            time.Time
}

// accept reads the tokens in a provider's answer and checks what the identity token says.
func (x expected) accept(t *oauth2.Token) (*tokens, error) {
	raw, _ := t.Extra("id_token").(string)
	if raw == "" {
		return nil, errors.New("the provider gave no identity token: the scope openid must be asked for")
	}
	got := &tokens{id: raw, refresh: t.RefreshToken}
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return nil, errors.New("the provider's identity token is no signed JWT")
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err == nil {
		err = json.Unmarshal(claims, &got.identity)
	}
	if err != nil {
		return nil, errors.New("the provider's identity token cannot be read")
	}
	return got, x.check(&got.identity)
}

func (x expected) check(i *identity) error {
	const leeway = time.Minute
	switch {
	case i.Issuer != x.issuer:
		return fmt.Errorf("the identity token is of the issuer %q, not of %q", Printable(i.Issuer), x.issuer)
	case !slices.Contains(i.Audience, x.client):
		return fmt.Errorf("the identity token is not for the client %q", x.client)
	case (i.Party != "" || len(i.Audience) > 1) && i.Party != x.client:
		return fmt.Errorf("the identity token was given to another client than %q", x.client)
	case i.Subject == "":
		return errors.New("the identity token names nobody")
	case x.subject != "" && i.Subject != x.subject:
		return errors.New("the identity token is somebody else's")
	case x.nonce != "" && subtle.ConstantTimeCompare([]byte(i.Nonce), []byte(x.nonce)) != 1:
		return errors.New("the identity token does not belong to this sign-in: its nonce is another one")
	case !x.now.Before(time.Unix(int64(i.Expires), 0).Add(leeway)):
		return errors.New("the identity token has expired; is this machine's clock right?")
	}
	return nil
}
