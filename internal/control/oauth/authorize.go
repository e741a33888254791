package oauth

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/awserror"
	"latchkey/internal/caller"
	"latchkey/internal/control"

	"latchkey/internal/fault"
	"latchkey/internal/sso"
)

// Authorization is a client's request at /authorize, after it was checked.
type Authorization struct {
	Account     access.AccountID
	ClientID    string // ARN of an application, or the id of a registered client
	ClientName  string
	Application string // ARN of the application that the tokens will belong to
	Redirect    string
	State       string   `json:",omitempty"`
	Challenge   string   `json:",omitempty"`
	Scopes      []string `json:",omitempty"`
	Public      bool     // a client that registered itself: the person must agree
	Issuer      string   // this server, as the answer to the client names it
}

// RedirectError is an error that is sent to the client, at its redirect URI.
type RedirectError struct {
	URL   string
	cause error
}

// Error is the text of the cause.
func (r *RedirectError) Error() string { return r.cause.Error() }

// Unwrap returns the cause.
func (r *RedirectError) Unwrap() error { return r.cause }

// The bounds of the parameters that go into the cookie.
const (
	maxState      = 1024
	maxScopeBytes = 1024 // of all scopes together
)

var challengeForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// Authorize checks the query of /authorize (RFC 6749, 4.1.1; RFC 7636). Its error is a *RedirectError once the client
// and the redirect URI are known to belong together. Before that, nobody is redirected anywhere.
func (s *SignIn) Authorize(facts caller.Facts, query string) (*Authorization, error) {
	call, err := s.begin(facts, "Authorize")
	if err != nil {
		return nil, err
	}
	q, err := parseQuery(query)
	if err != nil {
		return nil, fault.Refuse(fault.Invalid, fault.Request, fault.RequestMalformed, "the query cannot be read")
	}
	for name, values := range q {
		if len(values) > 1 {
			return nil, fault.Refuse(fault.Invalid, fault.Request, fault.ParameterRepeated, "the parameter %q is there twice",
				name)
		}
	}
	a, err := s.client(call, q.Get("client_id"), q.Get("redirect_uri"))
	if err != nil {
		return nil, err
	}
	a.Issuer, a.State = s.Public, q.Get("state")
	if len(a.State) > maxState {
		a.State = ""
		return nil, a.ReturnError(fault.Refuse(fault.Invalid, fault.Request, fault.StateTooLong,
			"state has more than %d bytes", maxState))
	}
	if err := s.request(call, a, q); err != nil {
		return nil, a.ReturnError(err)
	}
	return a, nil
}

// client finds the client and checks that codes may be sent to the redirect URI for it.
func (s *SignIn) client(call *control.Call, id, redirect string) (*Authorization, error) {
	unfit := fault.Refuse(fault.Invalid, fault.RedirectURI, fault.RedirectURIMismatch,
		"the redirect URI is not one of the client's")
	if id == "" || redirect == "" {
		return nil, fault.Refuse(fault.Invalid, fault.Request, fault.ParameterMissing,
			"client_id and redirect_uri are required")
	}
	if strings.HasPrefix(id, "arn:") {
		app := call.Snapshot.Application(id)
		if app == nil || app.Disabled {
			return nil, fault.Refuse(fault.Unauthenticated, fault.Application, fault.ClientUnknown,
				"the application does not exist, or is disabled")
		}
		g := app.Grant(sso.AuthorizationCode)
		if g == nil || !slices.Contains(g.RedirectURIs, redirect) || !isRedirectable(redirect) {
			return nil, unfit
		}
		return &Authorization{
			Account:     app.Account,
			ClientID:    app.ARN(),
			ClientName:  app.Name,
			Application: app.ARN(),
			Redirect:    redirect,
		}, nil
	}
	c, err := s.Exchange.Client(call, id)
	if err != nil {
		return nil, err
	}
	if !c.RedirectsTo(redirect) || !isRedirectable(redirect) {
		return nil, unfit
	}
	a := &Authorization{
		Account:     c.Account,
		ClientID:    c.ID,
		ClientName:  c.Name,
		Application: c.Application,
		Redirect:    redirect,
		Public:      true,
	}
	if a.Account == "" {
		a.Account = s.Exchange.Default
	}
	// The entitled application must still allow what it allowed when the client registered.
	if app := call.Snapshot.Application(c.Application); c.Application != "" {
		g := (*sso.Grant)(nil)
		if app != nil {
			g = app.Grant(sso.AuthorizationCode)
		}
		if g == nil || !Loopback(redirect) && !slices.Contains(g.RedirectURIs, redirect) {
			return nil, unfit
		}
	}
	a.Issuer = s.Public
	if !c.May(sso.AuthorizationCode) {
		return nil, a.ReturnError(fault.Refuse(fault.Denied, fault.ApplicationGrant, fault.GrantTypeNotRegistered,
			"the client did not register for authorization codes"))
	}
	a.Scopes = c.Scopes
	return a, nil
}

// isRedirectable reports whether a browser may be sent to a redirect URI at all.
func isRedirectable(uri string) bool {
	u, err := url.Parse(uri)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && isPort(u) &&
		u.Fragment == "" && !strings.Contains(uri, "#") &&
		!strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r == '\\' || r >= 0x7f })
}

// request checks the parameters of the client's request.
func (s *SignIn) request(call *control.Call, a *Authorization, q url.Values) error {
	invalid := func(reason fault.Reason, text string) error {
		return fault.Refuse(fault.Invalid, fault.Request, reason, "%s", text)
	}
	a.Challenge = q.Get("code_challenge")
	method := q.Get("code_challenge_method")
	switch {
	case q.Get("response_type") != "code":
		return invalid(fault.ResponseTypeUnsupported, "response_type must be code")
	case q.Has("response_mode") && q.Get("response_mode") != "query":
		return invalid(fault.ResponseModeUnsupported, "response_mode must be query")
	case q.Has("request") || q.Has("request_uri"):
		return invalid(fault.RequestUnsupported, "request objects are not read")
	case a.Challenge == "" && (a.Public || method != ""):
		return invalid(fault.CodeChallengeMissing, "a code_challenge is required of public clients")
	case a.Challenge != "" && (method != "S256" || !challengeForm.MatchString(a.Challenge)):
		return invalid(fault.CodeChallengeInvalid, "code_challenge_method must be S256, and code_challenge its 43 characters")
	}
	_, app, err := s.Exchange.SignInOf(call, a.Account, a.Application)
	if err != nil {
		return err
	}
	a.Application = app.ARN()
	asked := strings.Fields(q.Get("scopes") + " " + q.Get("scope"))
	if len(q.Get("scopes"))+len(q.Get("scope")) > maxScopeBytes {
		return invalid(fault.ScopesTooLong, "the scopes have too many bytes")
	}
	for _, x := range asked {
		if a.Public && len(a.Scopes) > 0 && !slices.Contains(a.Scopes, x) ||
			!a.Public && app.Scope(x) == nil && !slices.Contains(BaseScopes, x) {
			return fault.Refuse(fault.Invalid, fault.AccessScope, fault.ScopeNotConfigured,
				"the client cannot have a scope that it asked for")
		}
	}
	if len(asked) > 0 {
		a.Scopes = asked
	}
	return nil
}

// ReturnError makes an error that is sent to the client.
func (a *Authorization) ReturnError(err error) *RedirectError {
	e := awserror.Of(awserror.OAuth, err)
	name := e.Fields["error"]
	switch name { // RFC 6749, 4.1.2.1, does not have these here
	case "invalid_client", "invalid_grant", "expired_token", "slow_down":
		name = "access_denied"
	}
	if fault.Of(err).Reason == fault.ResponseTypeUnsupported {
		name = "unsupported_response_type"
	}
	return &RedirectError{URL: a.redirectURL(url.Values{"error": {name}, "error_description": {e.Message}}), cause: err}
}

// Denied is the URL that tells the client that the person denied the request.
func (a *Authorization) Denied() string {
	return a.redirectURL(url.Values{"error": {"access_denied"}, "error_description": {deniedByPerson().Message()}})
}

func deniedByPerson() *fault.Error {
	return fault.Refuse(fault.Denied, "", fault.DeniedByPerson, "the request was denied")
}

// redirectURL returns the redirect URI with an answer in its query. The answer names this server, so that a client does
// not take it for another server's (RFC 9207).
func (a *Authorization) redirectURL(answer url.Values) string {
	answer.Set("iss", a.Issuer)
	if a.State != "" {
		answer.Set("state", a.State)
	}
	sep := "?"
	if strings.Contains(a.Redirect, "?") {
		sep = "&"
	}
	return a.Redirect + sep + answer.Encode()
}
