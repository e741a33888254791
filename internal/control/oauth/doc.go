// Package oauth serves Identity Center's OAuth service.
//
// It has two halves. The first exchanges tokens: CreateTokenWithIAM and CreateToken turn an external identity token, a
// code or a refresh token into tokens that stand for a person of the directory. The second signs people in: a person
// signs in for a program at a device's request (RFC 8628), or because a client sent the browser here (RFC 6749, section
// 4.1). The account's OpenID provider says who the person is. Nobody ever gives a password to this server.
//
// The package decides who may exchange what, for whom, and which scopes the tokens have. It owns the requests that a
// person is asked to approve, the redirect to the provider and back, and the one-time codes that result. It does not
// verify external tokens (package oidc), seal (credential), make sessions from the tokens that it issues (control/sts),
// or write HTML (pages). Every refusal has a code that names the check that refused, and the code is recorded. No
// refusal contains a token. Nothing is stored here between two requests of one browser: the state is sealed into a
// cookie or a form.
package oauth
