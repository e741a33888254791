package sso

import "latchkey/internal/access"

// SignIn says how people of an account sign in: at which OpenID provider, as which of its clients, and through which
// application and roles their tokens become credentials. An account has at most one.
type SignIn struct {
	Account access.AccountID
	// ID names these settings until they are deleted. Settings that are made later have another. Empty: they are older
	// than the ids.
	ID              string   `json:",omitempty"`
	IssuerURL       string   // of the OpenID provider; a trusted token issuer of the account has the same URL
	ClientID        string   // of the client at the provider; also the audience of its identity tokens
	Sealed          []byte   `json:",omitempty"` // the client's secret, sealed for SignInPurpose; empty: a public client
	Scopes          []string // requested from the provider; openid is one of them
	Application     string   // ARN of the application that exchanges the provider's tokens
	ApplicationRole string   // ARN of the role that AssumeRoleWithWebIdentity gives; its sessions may exchange tokens
	BearerRole      string   // ARN of the role that is assumed with the person's identity context

	// CreateUsers lets a person who has a token for ClientID and is not in the directory be provisioned as a user.
	CreateUsers bool `json:",omitempty"`

	// GroupsClaim is the claim that lists the directory groups of the person. If it is empty, no claim does.
	GroupsClaim string `json:",omitempty"`
}

// SignInPurpose is the purpose under which the client secret of an account's sign-in is sealed.
func SignInPurpose(id access.AccountID) string { return "sign-in:" + string(id) }
