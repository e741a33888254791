// Package oauth is what may be asked of Identity Center's OAuth service.
//
// It has two halves. The first exchanges: CreateTokenWithIAM and CreateToken turn a foreign identity token, a code or a
// refresh token into tokens that stand for a person of the directory. The second signs people in: a person signs in for
// a program at a device's request (RFC 8628), or because a client sent the browser here (RFC 6749, section 4.1). The
// account's OpenID provider says who the person is; nobody ever gives a password to this server.
//
// The package decides who may exchange what, for whom, and what the tokens are good for. It owns what the person is
// shown, the way to the provider and back, and the one-time codes that come of it. It does not verify foreign tokens
// (oidc), seal (credential), make sessions of what it issues (control/sts), or know HTML (pages). Every refusal carries
// a code that says which check refused, and is recorded with it; no refusal holds a token. Between two requests of one
// browser nothing is stored here: what goes on is sealed into a cookie or a form.
package oauth
