// Package oidc verifies identity tokens of external OpenID Connect issuers: who signed a token, for whom, and until
// when.
//
// It owns finding an issuer's keys (OpenID Connect Discovery 1.0 and RFC 7517), caching them, and the checks of RFC
// 7519 and RFC 8725 on a token. It decides nothing about users: the caller says which issuers are trusted for which
// audiences, and interprets the claims.
//
// # Connections
//
// The package connects only to issuers that the caller trusts, never to one that a token merely names. It follows no
// redirects and uses no proxy. It checks the address when the connection is made, after the name was resolved, so
// that a name whose address changes does not lead into a private network. It refuses addresses that are not public,
// including loopback and link-local ones, unless Options.AllowPrivate is set. It uses plain HTTP only with such
// addresses.
package oidc
