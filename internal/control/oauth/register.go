package oauth

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
	"latchkey/internal/sso"
)

// ClientLife is how long a registered client may be used, as on AWS.
const ClientLife = 90 * 24 * time.Hour

// DeviceCode is the grant type of devices (RFC 8628, 3.4). Only public clients can have it. Applications cannot.
const DeviceCode sso.GrantType = "urn:ietf:params:oauth:grant-type:device_code"

// AccountAccess is the scope that the AWS CLI registers and requests by default. It stands for all scopes of the
// application.
const AccountAccess = "sso:account:access"

// Limits of a registration. The client's id contains the registration and is sent in URLs.
const (
	maxClientName   = 128 // characters
	maxRedirectURIs = 5
	maxRedirectURI  = 512 // bytes
	maxScopes       = 10
	maxScope        = 80 // bytes
)

// Registration is the input of RegisterClient.
type Registration struct {
	Name         string
	Type         string // public
	RedirectURIs []string
	GrantTypes   []string // none: all that public clients may use
	Scopes       []string
	StartURL     string // says in which account people sign in; see AccountOf
	Application  string // ARN of an application whose tokens the client will get; empty: the account's sign-in says
}

// Client is a public client that registered itself. No row is stored for it: the client id on the wire is this value,
// sealed.
type Client struct {
	ID           string // random; names the client in rows and records
	Name         string
	RedirectURIs []string         `json:",omitempty"`
	GrantTypes   []string         `json:",omitempty"` // none: all that public clients may use
	Scopes       []string         `json:",omitempty"`
	Account      access.AccountID `json:",omitempty"` // in which people sign in; empty: the client named none
	Application  string           `json:",omitempty"` // ARN; empty: the account's sign-in says
	Issued       time.Time
	Expires      time.Time
}

// RegisteredClient is the answer to a client that registered.
type RegisteredClient struct {
	Client
	Text   string // the client id on the wire
	Secret credential.Secret
}

const (
	clientPurpose = "oauth client"
	secretPurpose = "oauth client secret: "
)

// Register makes a client for anybody who asks. A registration gives no permission. It only lets people see for which
// program they sign in, and binds what is issued to the client that asked.
func (e *Exchange) Register(call *control.Call, in Registration) (*RegisteredClient, error) {
	invalid := func(reason fault.Reason, format string, args ...any) error {
		return fault.Refuse(fault.Invalid, fault.OAuthClient, reason, format, args...)
	}
	known := publicGrants
	switch {
	case in.Type != "public":
		return nil, invalid(fault.ClientTypeInvalid, "clientType must be public")
	case in.Name == "" || len(in.Name) > maxClientName*utf8.UTFMax || utf8.RuneCountInString(in.Name) > maxClientName ||
		!printable(in.Name) || strings.TrimSpace(in.Name) != in.Name:
		return nil, invalid(fault.ClientNameInvalid, "clientName must have from 1 to %d visible characters", maxClientName)
	case len(in.RedirectURIs) > maxRedirectURIs:
		return nil, invalid(fault.RedirectURIsTooMany, "at most %d redirectUris", maxRedirectURIs)
	case len(in.Scopes) > maxScopes || slices.ContainsFunc(in.Scopes, func(s string) bool {
		return s == "" || len(s) > maxScope || !printable(s) || strings.Contains(s, " ")
	}):
		return nil, invalid(fault.ScopesInvalid, "at most %d scopes, each of at most %d bytes without spaces", maxScopes,
			maxScope)
	case len(in.GrantTypes) > len(known) || slices.ContainsFunc(in.GrantTypes, func(g string) bool {
		return !slices.Contains(known, sso.GrantType(g))
	}):
		return nil, invalid(fault.GrantTypesInvalid, "grantTypes can be %s, %s and %s", known[0], known[1], known[2])
	}
	if err := e.checkRegistration(call, in); err != nil {
		return nil, err
	}
	now := call.Facts.Time.UTC().Truncate(time.Second)
	c := Client{
		ID: uuid.NewString(), Name: in.Name, RedirectURIs: in.RedirectURIs, GrantTypes: in.GrantTypes, Scopes: in.Scopes,
		Issued: now, Expires: now.Add(ClientLife),
	}
	if in.StartURL != "" {
		var err error
		if c.Account, err = e.AccountOf(call, in.StartURL); err != nil {
			return nil, err
		}
	}
	var app *sso.Application
	if in.Application != "" {
		app = call.Snapshot.Application(in.Application)
		if app == nil || app.Disabled || app.Grant(sso.AuthorizationCode) == nil ||
			c.Account != "" && app.Account != c.Account {
			return nil, invalid(fault.ApplicationUnknown,
				"entitledApplicationArn is not an application of the account at which people may sign in")
		}
		c.Application, c.Account = app.ARN(), app.Account
	}
	for _, u := range in.RedirectURIs {
		if !Loopback(u) && (app == nil || !slices.Contains(app.Grant(sso.AuthorizationCode).RedirectURIs, u)) ||
			len(u) > maxRedirectURI {
			return nil, fault.Refuse(fault.Invalid, fault.RedirectURI, fault.RedirectURINotAllowed,
				"a redirect URI of a public client must be http://127.0.0.1/... or http://[::1]/..., "+
					"or one of the entitled application's")
		}
	}
	body, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	call.Event.RequestParameters["clientId"] = c.ID
	return &RegisteredClient{
		Client: c, Text: base64.RawURLEncoding.EncodeToString(e.Control.Ring.Seal(clientPurpose, body)),
		Secret: credential.NewSecret(base64.RawURLEncoding.EncodeToString(e.Control.Ring.Seal(secretPurpose+c.ID, nil))),
	}, nil
}

// publicGrants are the grant types of public clients.
var publicGrants = []sso.GrantType{sso.AuthorizationCode, sso.RefreshToken, DeviceCode}

// Client opens the id of a registered client. It does not prove who presents it.
func (e *Exchange) Client(call *control.Call, text string) (*Client, error) {
	unknown := func(reason fault.Reason, say string) error {
		return fault.Refuse(fault.Unauthenticated, fault.Application, reason, "%s", say)
	}
	var c Client
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err == nil && !strings.ContainsAny(text, "\r\n") {
		var body []byte
		if body, err = e.Control.Ring.Unseal(clientPurpose, sealed); err == nil {
			err = json.Unmarshal(body, &c)
		}
	}
	switch {
	case err != nil || c.ID == "":
		return nil, unknown(fault.ClientUnknown, "the client is not registered here")
	case !call.Facts.Time.Before(c.Expires):
		return nil, unknown(fault.ClientExpired, "the registration of the client has expired; register anew")
	}
	call.Event.RequestParameters["clientId"] = c.ID
	call.Event.AdditionalEventData["clientName"] = c.Name
	return &c, nil
}

// Authenticated is Client for a caller who must also present the client's secret.
func (e *Exchange) Authenticated(call *control.Call, text string, secret credential.Secret) (*Client, error) {
	c, err := e.Client(call, text)
	if err != nil {
		return nil, err
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(secret.Reveal())
	if err == nil {
		_, err = e.Control.Ring.Unseal(secretPurpose+c.ID, sealed)
	}
	if err != nil {
		return nil, fault.Refuse(fault.Unauthenticated, fault.Application, fault.ClientSecretInvalid,
			"the client secret is not this client's")
	}
	return c, nil
}

// May reports whether the client registered for a grant type.
func (c *Client) May(g sso.GrantType) bool {
	return len(c.GrantTypes) == 0 || slices.Contains(c.GrantTypes, string(g))
}

// RedirectsTo reports whether the client registered a redirect URI. URIs are compared byte by byte, except that the
// port of a loopback address is ignored (RFC 8252, 7.3).
func (c *Client) RedirectsTo(uri string) bool {
	asked, loopback := parseLoopback(uri)
	return slices.ContainsFunc(c.RedirectURIs, func(own string) bool {
		if own == uri {
			return true
		}
		registered, ok := parseLoopback(own)
		return ok && loopback && registered == asked
	})
}

// loopback is a redirect URI on this machine, without its port.
type loopback struct{ host, rest string }

var loopbackForm = regexp.MustCompile(`^http://(127\.0\.0\.1|\[::1\])(?::([1-9][0-9]{0,4}))?(/[!$-~]*)?$`)

// Loopback reports whether a redirect URI leads to a program on the person's own machine.
func Loopback(uri string) bool {
	_, ok := parseLoopback(uri)
	return ok
}

// parseLoopback splits a redirect URI that leads to a literal loopback address. The form allows no credentials,
// backslashes or fragment.
func parseLoopback(uri string) (loopback, bool) {
	m := loopbackForm.FindStringSubmatch(uri)
	if m == nil || strings.ContainsAny(uri, `"<>\^{|}`+"`") {
		return loopback{}, false
	}
	if u, err := url.Parse(uri); err != nil || u.User != nil || u.Fragment != "" || !isPort(u) {
		return loopback{}, false
	}
	return loopback{m[1], m[3]}, true
}

var identifiers = regexp.MustCompile(`(?:^|[/.])(d-[0-9a-f]{10}|ssoins-[0-9a-f]{16})(?:$|[/.?#:])`)

// AccountOf returns the account that a start URL names. The URL has the account's identity store (d-...) or Identity
// Center instance (ssoins-...) as a label of the host or a segment of the path. A URL that has neither is for the
// default account.
func (e *Exchange) AccountOf(call *control.Call, startURL string) (access.AccountID, error) {
	_, rest, _ := strings.Cut(startURL, "://")
	m := identifiers.FindStringSubmatch("/" + rest)
	if m == nil {
		return e.Default, nil
	}
	if id := accountNamed(call.Snapshot, m[1]); id != "" {
		return id, nil
	}
	return "", fault.Refuse(fault.Invalid, fault.Request, fault.StartURLUnknown,
		"the start URL names an identity store or an instance that is not here")
}

func accountNamed(snap *engine.Snapshot, name string) access.AccountID {
	for _, a := range snap.Accounts() {
		if i := snap.IdentityCenter(a.ID); i != nil && (i.IdentityStoreID == name || i.ID == name) {
			return a.ID
		}
	}
	return ""
}
