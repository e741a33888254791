package login

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"golang.org/x/oauth2"
)

// Printable makes a foreign text fit for a terminal: on one line, without control characters, and clipped.
func Printable(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 400 {
		return string(r[:400]) + "..."
	}
	return s
}

// unreachable is a short error for a server that does not answer. The URL in a net/url error may contain a secret, so
// it is left out.
func unreachable(at string, err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	return fmt.Errorf("nobody answers at %s: %w", at, err)
}

// providerError describes a provider's answer that has no tokens.
func providerError(what string, err error) error {
	e, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		if u, ok := errors.AsType[*url.Error](err); ok {
			return unreachable(u.URL, err)
		}
		return fmt.Errorf("%s: %s", what, Printable(err.Error()))
	}
	return fmt.Errorf("%s: the provider answers %s", what, oauthText(e.ErrorCode, e.ErrorDescription, e.Response.Status))
}

func oauthText(code, description, otherwise string) string {
	switch {
	case code == "":
		return otherwise
	case description == "":
		return Printable(code)
	}
	return Printable(code + ": " + description)
}
