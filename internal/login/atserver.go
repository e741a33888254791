package login

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"latchkey/internal/awsapi/ssooidc"
	"latchkey/internal/awswire"
)

// Registration is this machine as a client of a server at whose pages the person signed in.
type Registration struct {
	SignInURL string    `json:"sign_in_url"` // the only origin that ever gets the secret, the code and the refresh token
	ClientID  string    `json:"client_id"`
	Secret    string    `json:"client_secret"`
	Access    string    `json:"access_token"`
	Expires   time.Time `json:"access_token_expires"`
}

const (
	programName = "latchkey login"
	deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"
	codeGrant   = "authorization_code"
)

// beginAtServer signs a person in at the server's own pages. The server never sees the provider's identity token on
// this machine's way, so a server that poses as another one gets nothing that it could bring to that other one.
func beginAtServer(ctx context.Context, f File, o Options, in *SignIn) (*Session, error) {
	if err := o.checkOrigin(ctx, in); err != nil {
		return nil, err
	}
	if o.Begin != nil {
		o.Begin(in)
	}
	pages, err := NewEndpoint(in.SignInURL, in.Region)
	if err != nil {
		return nil, err
	}
	at, err := NewEndpoint(o.Server, in.Region)
	if err != nil {
		return nil, err
	}
	s := &Session{
		Version: sessionVersion, ID: rand.Text(), Server: at.URL, SignIn: *in, SignedIn: at.Now(),
		AllowPlainHTTP: o.AllowPlainHTTP, Registration: &Registration{SignInURL: in.SignInURL},
	}
	if err := pages.register(ctx, &o, s); err != nil {
		return nil, err
	}
	if o.Device {
		err = pages.byDevice(ctx, &o, s)
	} else {
		err = pages.byCode(ctx, &o, s)
	}
	if err != nil {
		return nil, err
	}
	k, err := at.roleCredentials(ctx, s)
	if err != nil {
		return nil, err
	}
	if s.Name, err = at.sessionNameOf(ctx, k); err != nil {
		return nil, err
	}
	s.Subject = s.Name
	return f.keep(ctx, s)
}

// checkOrigin checks where people sign in. A server may name another origin than its own only if that origin, asked by
// itself, says that the server belongs to it. Otherwise a server could send the person to another server's pages, and
// get the tokens of that other server.
func (o *Options) checkOrigin(ctx context.Context, in *SignIn) error {
	if in.SignInURL == "" {
		return fmt.Errorf("%s does not say at which of its pages people sign in: it may be older than this program",
			o.Server)
	}
	if err := checkURL("the page where people sign in", in.SignInURL, o.AllowPlainHTTP); err != nil {
		return err
	}
	server, err := url.Parse(strings.TrimSuffix(o.Server, "/"))
	if err != nil {
		return err
	}
	pages, err := url.Parse(in.SignInURL)
	if err != nil || pages.Path != "" || pages.RawQuery != "" {
		return fmt.Errorf("the page where people sign in, %q, is not an origin", in.SignInURL)
	}
	switch {
	case pages.Scheme == server.Scheme && strings.EqualFold(pages.Host, server.Host):
		return nil
	case isLoopback(pages.Hostname()) && isLoopback(server.Hostname()) && pages.Port() == server.Port():
		return nil
	case server.Scheme == "https" && pages.Scheme != "https":
		return fmt.Errorf("the page where people sign in, %q, is not served over TLS", in.SignInURL)
	}
	theirs, err := Discover(ctx, in.SignInURL, in.Account)
	if err != nil {
		return fmt.Errorf("ask %s whether %s belongs to it: %w", in.SignInURL, o.Server, err)
	}
	if theirs.SignInURL != in.SignInURL || !slices.ContainsFunc(theirs.Servers, func(name string) bool {
		return strings.EqualFold(name, strings.TrimSuffix(strings.TrimSuffix(server.Host, ":443"), ":80"))
	}) {
		return fmt.Errorf("%s sends you to %s to sign in, which does not know it: it may pose as another server; "+
			"if it does not, use one of the names %s", o.Server, in.SignInURL, Printable(strings.Join(theirs.Servers, ", ")))
	}
	return nil
}

// register registers this program for one sign-in.
func (e *Endpoint) register(ctx context.Context, o *Options, s *Session) error {
	redirect, err := o.redirectURI()
	if err != nil {
		return err
	}
	uri := *redirect
	if uri.Hostname() == "localhost" { // the server takes literal addresses only (RFC 8252, 8.3)
		return fmt.Errorf("the redirect URI %q must have the address 127.0.0.1 or [::1]", Printable(uri.String()))
	}
	out, err := invoke(ctx, e, Keys{}, ssooidc.RegisterClient, &ssooidc.RegisterClientRequest{
		ClientName: new(programName), ClientType: new("public"), RedirectUris: []string{uri.String()},
		GrantTypes: []string{codeGrant, refreshGrant, deviceGrant}, IssuerUrl: e.startURL(s),
	})
	if err != nil {
		return err
	}
	s.Registration.ClientID, s.Registration.Secret = awswire.Value(out.ClientId), awswire.Value(out.ClientSecret)
	if s.Registration.ClientID == "" || s.Registration.Secret == "" {
		return errors.New("RegisterClient: the server's answer has no client")
	}
	return nil
}

// startURL names the account by the Identity Center instance of its application.
func (e *Endpoint) startURL(s *Session) *string {
	_, rest, _ := strings.Cut(s.SignIn.Application, ":application/")
	instance, _, _ := strings.Cut(rest, "/")
	return new(e.URL + "/" + instance + "/start")
}

func (o *Options) redirectURI() (*url.URL, error) {
	raw := o.Redirect
	if raw == "" {
		raw = DefaultRedirect
	}
	return parseRedirect(raw)
}

// byCode signs in with the browser of this machine. The answer must name the origin to which the person was sent (RFC
// 9207): that origin alone gets the code.
func (e *Endpoint) byCode(ctx context.Context, o *Options, s *Session) error {
	redirect, err := o.redirectURI()
	if err != nil {
		return err
	}
	flow := &codeFlow{
		provider: &Provider{Issuer: e.URL, NamesItself: true}, redirect: redirect, show: o.ShowURL, now: time.Now,
		config: &oauth2.Config{ClientID: s.Registration.ClientID, Endpoint: oauth2.Endpoint{AuthURL: e.URL + "/authorize"}},
	}
	got, err := flow.code(ctx)
	if err != nil {
		return err
	}
	return e.token(ctx, s, &ssooidc.CreateTokenRequest{
		GrantType: new(codeGrant), Code: &got.code, RedirectUri: &got.redirect, CodeVerifier: &got.verifier,
	})
}

// byDevice signs in with a code that the person enters on any device.
func (e *Endpoint) byDevice(ctx context.Context, o *Options, s *Session) error {
	d, err := invoke(ctx, e, Keys{}, ssooidc.StartDeviceAuthorization, &ssooidc.StartDeviceAuthorizationRequest{
		ClientId: &s.Registration.ClientID, ClientSecret: &s.Registration.Secret, StartUrl: e.startURL(s),
	})
	if err != nil {
		return err
	}
	code, at := awswire.Value(d.DeviceCode), awswire.Value(d.VerificationUri)
	if code == "" || awswire.Value(d.UserCode) == "" || !strings.HasPrefix(at, e.URL+"/") {
		return fmt.Errorf("the server's device code is to be entered at %q, which is not the server", Printable(at))
	}
	complete := awswire.Value(d.VerificationUriComplete)
	if !strings.HasPrefix(complete, e.URL+"/") {
		complete = ""
	}
	if err := o.ShowDevice(DeviceCode{
		URL: Printable(at), Code: Printable(awswire.Value(d.UserCode)), Complete: Printable(complete),
	}); err != nil {
		return err
	}
	wait := time.Duration(max(awswire.Value(d.Interval), 1)) * time.Second
	for {
		select {
		case <-ctx.Done():
			return waitedTooLong(ctx)
		case <-time.After(wait):
		}
		err := e.token(ctx, s, &ssooidc.CreateTokenRequest{GrantType: new(deviceGrant), DeviceCode: &code})
		switch {
		case err == nil || ctx.Err() == nil && !isRefusal(err, "AuthorizationPendingException", "SlowDownException"):
			return err
		case isRefusal(err, "SlowDownException"):
			wait += 5 * time.Second // RFC 8628, 3.5
		}
	}
}

// token calls CreateToken and keeps what comes of it.
func (e *Endpoint) token(ctx context.Context, s *Session, in *ssooidc.CreateTokenRequest) error {
	in.ClientId, in.ClientSecret = &s.Registration.ClientID, &s.Registration.Secret
	out, err := invoke(ctx, e, Keys{}, ssooidc.CreateToken, in)
	if err != nil {
		return err
	}
	s.Registration.Access = awswire.Value(out.AccessToken)
	s.Registration.Expires = e.Now().Add(time.Duration(awswire.Value(out.ExpiresIn)) * time.Second)
	if refresh := awswire.Value(out.RefreshToken); refresh != "" {
		s.Refresh = refresh
	}
	if s.Registration.Access == "" {
		return errors.New("CreateToken: the server's answer has no access token")
	}
	return nil
}
