// Package login is what a person's own machine does to get credentials. It signs the person in at the provider that the
// server names (OpenID Connect, authorization code with PKCE on a loopback port, or the device flow of RFC 8628). It
// walks AWS's chain from the provider's identity token to short-lived keys. It keeps the results in files that nobody
// else may read.
//
// The chain is that of AWS's trusted identity propagation. AssumeRoleWithWebIdentity gives the keys of the application
// role. With these, CreateTokenWithIAM exchanges the identity token, and later a refresh token, for an identity
// context. With the context, AssumeRole gives keys that stand for the person. With those, GetDataAccess gives
// credentials.
//
// Package login calls AWS's operations only, so its sessions work against any server that has them. It makes no
// decisions: the server says who the person is and what the person may read. It never sees a password. It knows no
// command line.
//
// # Whom it trusts
//
// The server that the person names gets the person's identity token, and could show it to others. So people should sign
// in only at servers that they would give the token to. Provider and server must use TLS, unless they are on this
// machine or the person says otherwise. Tokens come straight from the provider's token endpoint, so its TLS replaces
// the check of their signature (OpenID Connect Core 1.0, 3.1.3.7). The server verifies the signature itself.
package login
