package store

import (
	"time"

	"latchkey/internal/access"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
)

// The kinds of rows that people's sign-ins leave.
const (
	KindSignInCode    Kind = "sign-in-code"
	KindDeviceRequest Kind = "device-request"
)

// expiredCodeKept is how long an expired code is kept. A client that brings it in that time learns that it has expired,
// not that it does not exist.
const expiredCodeKept = 10 * time.Minute

// SignedIn is a person whom an OpenID provider vouched for.
type SignedIn struct {
	IdentityStoreID string
	UserID          string // of the directory; empty: nobody yet
	InstanceARN     string // of the Identity Center
	IssuerARN       string // of the trusted token issuer
	Application     string // ARN of the application through which the person was admitted
	At              time.Time
	Subject         string `json:",omitempty"` // the person, to the OpenID provider
	Settings        string `json:",omitempty"` // sso.SignIn.ID of the settings by which the person signed in

	Revision uint64             // of the store as of which the person was admitted; zero: of an earlier release
	Grounds  credential.Grounds `json:",omitempty"` // what the sign-in hangs on besides its delegation
}

// SignInCode is an OAuth authorization code that was given to a browser and not yet redeemed.
type SignInCode struct {
	ID          string // digest of the code, which is not kept
	Account     access.AccountID
	ClientID    string   // ARN of an application, or the id of a registered client
	Application string   // ARN of the application that the tokens will belong to
	RedirectURI string   // to which the code was sent
	Challenge   string   // of PKCE, S256; empty: the client sent none
	Scopes      []string // asked for; none: all
	Person      SignedIn
	Expires     time.Time
}

// SignInCodes: id is SignInCode.ID. Rows are only inserted and deleted. A code is redeemed by deleting its row, so only
// one transaction can redeem it.
var SignInCodes = Table[SignInCode]{
	Kind: KindSignInCode, Entity: fault.IdentityToken,
	Key:      func(c *SignInCode) Key { return Key{ID: c.ID, Account: string(c.Account)} },
	Obsolete: func(c *SignInCode) time.Time { return c.Expires.Add(expiredCodeKept) },
}

// DeviceRequest is a device's request that a person sign in for it elsewhere (RFC 8628).
type DeviceRequest struct {
	ID          string // digest of the user code, which is not kept
	Secret      string // digest of the device code, which is not kept
	Account     access.AccountID
	ClientID    string // id of the registered client
	ClientName  string // as the client calls itself
	Application string // ARN of the application that the tokens will belong to
	Scopes      []string
	Source      string // the address that asked
	Network     string `json:",omitempty"` // the network that one subscriber has, of which Source is
	Asked       time.Time
	Expires     time.Time
	Denied      bool
	Person      SignedIn // who approved; nobody while it waits
}

// DeviceRequestsFrom is the parent of the requests of an account that came from one network.
func DeviceRequestsFrom(account access.AccountID, network string) string {
	return string(account) + " " + network
}

// DeviceRequests: id is DeviceRequest.ID, parent DeviceRequestsFrom. An approved request is redeemed by deleting its
// row, so only one transaction can redeem it.
var DeviceRequests = Table[DeviceRequest]{
	Kind: KindDeviceRequest, Entity: fault.IdentityToken,
	Key: func(r *DeviceRequest) Key {
		return Key{ID: r.ID, Account: string(r.Account), Parent: DeviceRequestsFrom(r.Account, r.Network)}
	},
	Obsolete: func(r *DeviceRequest) time.Time { return r.Expires.Add(expiredCodeKept) },
}
