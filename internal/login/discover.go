package login

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// SignIn says how people of an account sign in, as a server publishes it at /.well-known/latchkey.
type SignIn struct {
	Account         string   `json:"account"`
	Region          string   `json:"region"`
	Issuer          string   `json:"issuer"`
	ClientID        string   `json:"client_id"`
	Scopes          []string `json:"scopes"`
	Application     string   `json:"application_arn"`
	ApplicationRole string   `json:"application_role_arn"`
	BearerRole      string   `json:"identity_bearer_role_arn"`
	SignInURL       string   `json:"sign_in_url,omitempty"` // where people sign in at the server itself
	Servers         []string `json:"servers,omitempty"`     // hosts to which the tokens of SignInURL may be brought
}

// ErrNotSetUp means that the server has no sign-in settings for the account.
var ErrNotSetUp = errors.New("sign-in is not set up there")

// Discover asks a server how people sign in. An empty account means the server's first account.
func Discover(ctx context.Context, server, account string) (*SignIn, error) {
	at := strings.TrimSuffix(server, "/") + "/.well-known/latchkey"
	if account != "" {
		at += "?account=" + url.QueryEscape(account)
	}
	s := &SignIn{}
	err := getJSON(ctx, serverClient(), at, s)
	if e, ok := errors.AsType[*statusError](err); ok && e.status == http.StatusNotFound {
		return nil, fmt.Errorf("%s: %w", server, ErrNotSetUp)
	}
	if err != nil {
		return nil, err
	}
	for name, v := range map[string]string{
		"account":                  s.Account,
		"region":                   s.Region,
		"issuer":                   s.Issuer,
		"client_id":                s.ClientID,
		"application_arn":          s.Application,
		"application_role_arn":     s.ApplicationRole,
		"identity_bearer_role_arn": s.BearerRole,
	} {
		if v == "" || v != Printable(v) {
			return nil, fmt.Errorf("%s does not tell its %s: is it a Latchkey server?", at, name)
		}
	}
	if account != "" && s.Account != account {
		return nil, fmt.Errorf("%s answers for another account: %s", at, s.Account)
	}
	return s, nil
}
