package sso

import "latchkey/internal/access"

// SignIn is how people of an account sign in: at which OpenID provider, as which client of it, and by which
// application and roles what they bring is turned into credentials. An account has at most one.
type SignIn struct {
	Account         access.AccountID
	IssuerURL       string   // of the OpenID provider; a trusted token issuer of the account has the same
	ClientID        string   // of the client that the provider knows; also the audience of its identity tokens
	Sealed          []byte   `json:",omitempty"` // the client's secret, sealed for SignInPurpose; empty: a public client
	Scopes          []string // asked of the provider; openid is among them
	Application     string   // ARN of the application that exchanges the provider's tokens
	ApplicationRole string   // ARN of the role that AssumeRoleWithWebIdentity gives, which may exchange
	BearerRole      string   // ARN of the role that is assumed with the person's identity context
	CreateUsers     bool     `json:",omitempty"` // who comes with a token of ClientID and is not in the directory is made a user
	GroupsClaim     string   `json:",omitempty"` // the claim that lists the groups of the account in which the person is; empty: tokens say nothing of groups
}

// SignInPurpose is the purpose under which the client secret of an account's sign-in is sealed.
func SignInPurpose(id access.AccountID) string { return "sign-in:" + string(id) }
