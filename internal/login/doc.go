// Package login is what a person's own machine does to get credentials: it signs the person in at the provider that
// the server names (OpenID Connect, authorization code with PKCE on a loopback port, or the device flow of RFC 8628),
// walks AWS's chain from the provider's identity token to short-lived keys, and keeps what it got in files that
// nobody else may read.
//
// The chain is that of AWS's trusted identity propagation: AssumeRoleWithWebIdentity gives the keys of the application
// role, with which CreateTokenWithIAM exchanges the identity token, later a refresh token, for an identity context,
// with which AssumeRole gives keys that stand for the person, with which GetDataAccess is asked.
//
// It speaks AWS's operations alone, so that its session works against whatever serves them. It decides nothing: who
// the person is and what they may read, the server says. It never sees a password. It knows no command line.
//
// # Whom it trusts
//
// The server that the person names gets their identity token, and could show it elsewhere: sign in only at servers
// that you would give it. Provider and server must speak TLS, unless they are on this machine or the person says
// otherwise. Tokens come straight from the provider's token endpoint, so that its TLS stands for their signature
// (OpenID Connect Core 1.0, 3.1.3.7); the server verifies the signature itself.
package login
