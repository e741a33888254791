package e2e

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	sso "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	oidc "github.com/aws/aws-sdk-go-v2/service/ssooidc/types"
	"golang.org/x/oauth2"
)

const tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"

// pageOffice returns an office whose server has sign-in pages of its own, with a client of the provider that has a
// secret.
func pageOffice(t testing.TB) *office { return pageOfficeAt(t, start(t, "--private-issuers")) }

func pageOfficeAt(t testing.TB, s *site) *office {
	t.Helper()
	idp := startProvider(t, providerOptions{Users: []string{"alice"}, Redirects: []string{s.url + "/authorize/callback"}})
	o := officeOf(s.first(t), idp)
	s.own(t, s.operator, "PutSignIn", map[string]any{
		"IssuerUrl":             idp.issuer,
		"ClientId":              "latchkey-web",
		"ClientSecret":          "web-secret",
		"Scopes":                []string{"openid", "email"},
		"ApplicationArn":        o.app,
		"ApplicationRoleArn":    o.bearer,
		"IdentityBearerRoleArn": o.bearer,
	}, &struct{}{})
	o.accepts(tokenExchange, &sso.GrantMemberTokenExchange{})
	return o
}

// device is a program that signs people in with a code, by the calls of `aws sso login --use-device-code`.
type device struct {
	*actor
	client *ssooidc.RegisterClientOutput
	asked  *ssooidc.StartDeviceAuthorizationOutput
}

func (o *office) device() *device {
	o.t.Helper()
	d := &device{actor: o.actor("a device", "", aws.Credentials{})}
	var err error
	d.client, err = d.oauth.RegisterClient(o.t.Context(), &ssooidc.RegisterClientInput{
		ClientName: aws.String("botocore-client-e2e"),
		ClientType: aws.String("public"),
		Scopes:     []string{"sso:account:access"},
	})
	o.check(err)
	d.asked, err = d.oauth.StartDeviceAuthorization(o.t.Context(), &ssooidc.StartDeviceAuthorizationInput{
		ClientId: d.client.ClientId, ClientSecret: d.client.ClientSecret, StartUrl: aws.String(o.site.url + "/start"),
	})
	o.check(err)
	return d
}

// polls asks once whether a person has approved the request.
func (d *device) polls() (*ssooidc.CreateTokenOutput, error) {
	return d.oauth.CreateToken(d.t.Context(), &ssooidc.CreateTokenInput{
		ClientId: d.client.ClientId, ClientSecret: d.client.ClientSecret, DeviceCode: d.asked.DeviceCode,
		GrantType: aws.String("urn:ietf:params:oauth:grant-type:device_code"),
	})
}

// hurries asks until a request comes too early. One of them does, however slow this machine is.
func (d *device) hurries() (err error) {
	for range 100 {
		_, err = d.polls()
		if _, pending := errors.AsType[*oidc.AuthorizationPendingException](err); !pending {
			break
		}
	}
	return err
}

// waits asks, as often as the protocol allows, until a person has approved or refused the request.
func (d *device) waits() (out *ssooidc.CreateTokenOutput, err error) {
	await(d.t, "the device's code to be decided", func() bool {
		out, err = d.polls()
		_, pending := errors.AsType[*oidc.AuthorizationPendingException](err)
		_, hasty := errors.AsType[*oidc.SlowDownException](err)
		if hasty {
			time.Sleep(time.Duration(d.asked.Interval) * time.Second) // as the protocol asks for
		}
		return !pending && !hasty
	})
	return out, err
}

func TestIdentityCase102_ACodeOfADevice(t *testing.T) {
	o := pageOffice(t)
	d := o.device()
	is(t, "interval", d.asked.Interval, 1)
	_, err := d.polls()
	refused(t, err, 400, "AuthorizationPendingException")
	refused(t, d.hurries(), 400, "SlowDownException")

	page := browses(t, "alice", *d.asked.VerificationUri, *d.asked.UserCode, "You are signed in on the device")
	t.Logf("the browser's last page: %s", strings.Join(strings.Fields(page), " "))
	token, err := d.waits()
	o.check(err)
	if token.IdToken != nil {
		t.Error("a device gets an ID token")
	}
	exchange := &ssooidc.CreateTokenWithIAMInput{
		ClientId: &o.app, GrantType: aws.String(tokenExchange), SubjectToken: token.AccessToken,
		SubjectTokenType: aws.String("urn:ietf:params:oauth:token-type:access_token"),
	}
	t.Run("an application exchanges the token, and reads for the person", func(t *testing.T) {
		out, err := o.web.oauth.CreateTokenWithIAM(t.Context(), exchange)
		o.check(err)
		who, err := o.carries(o.web, "alice", *out.AwsAdditionalDetails.IdentityContext)
		o.check(err)
		lease := who.asks(o.at("team/*"), READ)
		is(t, "content", lease.gets(o.bucket, "team/plan"), "team/plan")
		o.check(o.leaves(o.membership))
		lease.mayNot(reading(o.bucket, "team/plan"))
	})
	t.Run("a code that comes again ends what it brought", func(t *testing.T) {
		_, err := d.polls()
		refused(t, err, 400, "InvalidGrantException")
		_, err = o.web.oauth.CreateTokenWithIAM(t.Context(), exchange)
		refused(t, err, 400, "AccessDeniedException")
	})
	t.Run("who says no is heard", func(t *testing.T) {
		d := o.device()
		v := newVisitor(t, "alice")
		v.code, v.presses = *d.asked.UserCode, "deny"
		v.visits(*d.asked.VerificationUri, "")
		_, err := d.waits()
		refused(t, err, 400, "AccessDeniedException")
	})
	t.Run("a code that nobody asked for", func(t *testing.T) {
		v := newVisitor(t, "alice")
		v.code = "BCDF-GHJK"
		if got := v.visits(*d.asked.VerificationUri, ""); !strings.Contains(got.page, "No device waits with this code") {
			t.Errorf("the page at %s: %s", got.url, got.page)
		}
	})
}

const (
	back     = "https://analytics.example.org/back"
	verifier = "a-verifier-of-at-least-forty-three-characters-0"
)

// code returns the authorization code that the office's application gets when alice signs in for it.
func (o *office) code() string {
	o.t.Helper()
	sent := url.Values{
		"response_type":         {"code"},
		"client_id":             {o.app},
		"redirect_uri":          {back},
		"state":                 {"s"},
		"code_challenge_method": {"S256"},
		"code_challenge":        {oauth2.S256ChallengeFromVerifier(verifier)},
	}
	end := newVisitor(o.t, "alice").visits(o.site.url+"/authorize?"+sent.Encode(), back)
	is(o.t, "state", end.url.Query().Get("state"), "s")
	return end.url.Query().Get("code")
}

// If two nodes are shown one code at the same time, only one of them redeems it.
func TestACodeIsTakenOnceByTwoNodes(t *testing.T) {
	one, two, _ := twoNodes(t, "--private-issuers")
	o := pageOfficeAt(t, one)
	o.accepts("authorization_code",
		&sso.GrantMemberAuthorizationCode{Value: sso.AuthorizationCodeGrant{RedirectUris: []string{back}}})
	there := two.first(t).actor("web", o.web.arn, o.web.keys)
	redeem := func(who *actor, code string) error {
		_, err := who.oauth.CreateTokenWithIAM(t.Context(), &ssooidc.CreateTokenWithIAMInput{
			ClientId:     &o.app,
			GrantType:    aws.String("authorization_code"),
			Code:         &code,
			RedirectUri:  aws.String(back),
			CodeVerifier: aws.String(verifier),
		})
		return err
	}
	await(t, "the other node to know the application", func() bool {
		code, _ := codeOf(redeem(there, "unknown"))
		return code == "InvalidGrantException"
	})
	for range 10 {
		code, errs := o.code(), make(chan error)
		for _, who := range []*actor{o.web, there, o.web, there} {
			go func() { errs <- redeem(who, code) }()
		}
		taken := 0
		for range 4 {
			err := <-errs
			if err == nil {
				taken++
				continue
			}
			refused(t, err, 400, "InvalidGrantException")
		}
		if taken != 1 {
			t.Fatalf("the code was taken %d times", taken)
		}
	}
}

// A client of the administrator's sends people to the server's page to get an authorization code, and exchanges the
// code.
func TestSigningInForAnApplicationOfTheAccount(t *testing.T) {
	o := pageOffice(t)
	o.accepts("authorization_code",
		&sso.GrantMemberAuthorizationCode{Value: sso.AuthorizationCodeGrant{RedirectUris: []string{back}}})
	code := o.code()
	exchange := func(verifier string) (*ssooidc.CreateTokenWithIAMOutput, error) {
		return o.web.oauth.CreateTokenWithIAM(t.Context(), &ssooidc.CreateTokenWithIAMInput{
			ClientId:     &o.app,
			GrantType:    aws.String("authorization_code"),
			Code:         &code,
			RedirectUri:  aws.String(back),
			CodeVerifier: &verifier,
		})
	}
	out, err := exchange(verifier)
	o.check(err)
	who, err := o.carries(o.web, "alice", *out.AwsAdditionalDetails.IdentityContext)
	o.check(err)
	lease := who.asks(o.at("team/*"), READ)
	_, err = exchange(verifier)
	refused(t, err, 400, "InvalidGrantException")

	_, err = o.root.sso.UpdateApplication(t.Context(),
		&ssoadmin.UpdateApplicationInput{ApplicationArn: &o.app, Status: sso.ApplicationStatusDisabled})
	o.check(err)
	lease.mayNot(reading(o.bucket, "team/plan"))
}
