// Package oidc verifies identity tokens of foreign OpenID Connect issuers: who signed, for whom, until when.
//
// It owns finding an issuer's keys (OpenID Connect Discovery 1.0 and RFC 7517), keeping them, and the checks of
// RFC 7519 and RFC 8725 on a token. It decides nothing about users: the caller says which issuers are trusted
// for which audiences, and makes of the claims what it likes.
//
// # Where it connects to
//
// Only to issuers that the caller trusts, never to one that a token merely names. Redirects are not followed
// and no proxy is used. The address is checked when the connection is made, after the name was resolved, so
// that no name that changes its mind leads inside: addresses that are not public, loopback and link-local ones
// among them, are refused unless Options.AllowPrivate is set, and plain HTTP is spoken to such addresses only.
package oidc
