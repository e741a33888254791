package e2e

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	oidc "github.com/aws/aws-sdk-go-v2/service/ssooidc/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"latchkey/internal/server"
)

// propagation is AWS's trusted identity propagation plugin for JavaScript, call by call. It has no credentials except
// those that it gets for the user's token, and keeps a refresh token between its runs.
type propagation struct {
	o               *office
	applicationRole string
	webToken        func() string
	refreshToken    *string
	grants          []string // the grant types of its exchanges so far
}

// credentials runs the plugin once, as an SDK does when it has no credentials or they are about to expire.
func (p *propagation) credentials() (*actor, error) {
	ctx, o := p.o.t.Context(), p.o
	webToken := p.webToken()
	application := o.app[strings.LastIndex(o.app, "/")+1:]
	nobody := o.actor("nobody", "", aws.Credentials{})
	bootstrap, err := nobody.sts.AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn:          &p.applicationRole,
		RoleSessionName:  aws.String("TrustedIdentityPropagationSDKPlugin-" + application),
		WebIdentityToken: &webToken,
	})
	if err != nil {
		return nil, err
	}
	app := o.actor("the application", *bootstrap.AssumedRoleUser.Arn, keysOfSTS(bootstrap.Credentials))

	var tokens *ssooidc.CreateTokenWithIAMOutput
	if p.refreshToken != nil {
		p.grants = append(p.grants, "refresh_token")
		tokens, err = app.oauth.CreateTokenWithIAM(ctx,
			&ssooidc.CreateTokenWithIAMInput{
				ClientId:     &o.app,
				GrantType:    aws.String("refresh_token"),
				RefreshToken: p.refreshToken,
			})
		if _, expired := errors.AsType[*oidc.ExpiredTokenException](err); err != nil && !expired {
			return nil, err
		}
	}
	if tokens == nil || err != nil {
		p.grants = append(p.grants, "jwt-bearer")
		tokens, err = app.oauth.CreateTokenWithIAM(ctx,
			&ssooidc.CreateTokenWithIAMInput{ClientId: &o.app, GrantType: aws.String(jwtBearer), Assertion: &webToken})
		if err != nil {
			return nil, err
		}
	}
	p.refreshToken = tokens.RefreshToken
	session := "TrustedIdentityPropagationSDKPluginEnhanced-" + application
	if len(session) != 64 {
		return nil, fmt.Errorf("the session name %s has %d characters", session, len(session))
	}
	return o.carries(app, session, *tokens.AwsAdditionalDetails.IdentityContext)
}

func TestIdentityCase106_ThePluginOfTrustedIdentityPropagation(t *testing.T) {
	var ahead atomic.Int64
	s := hosted(t, server.Config{PrivateIssuers: true, DirectorySession: 2 * time.Hour, Now: func() time.Time {
		return time.Now().Add(time.Duration(ahead.Load()))
	}})
	idp := startProvider(t, providerOptions{Users: []string{"alice", "mallory"}, IDTokenSeconds: 24 * 3600})
	o := officeOf(s.first(t), idp)
	applicationRole := o.federates()
	p := &propagation{o: o, applicationRole: applicationRole, webToken: func() string { return idp.signsIn(t, "alice") }}
	gives := func(grants string) {
		t.Helper()
		p.grants = nil
		who, err := p.credentials()
		o.check(err)
		is(t, "exchanges", strings.Join(p.grants, " "), grants)
		lease := who.asks(o.at("team/*"), READ)
		is(t, "grantee", *lease.grantee.GranteeIdentifier, o.group)
		is(t, "content", lease.gets(o.bucket, "team/plan"), "team/plan")
	}
	gives("jwt-bearer")
	gives("refresh_token")
	ahead.Store(int64(3 * time.Hour))
	gives("refresh_token jwt-bearer") // the directory session is over, and the plugin begins another
	gives("refresh_token")

	t.Run("somebody whom the directory does not know has the application's role and no more", func(t *testing.T) {
		stranger := &propagation{o: o, applicationRole: applicationRole, webToken: func() string {
			return idp.signsIn(t, "mallory")
		}}
		_, err := stranger.credentials()
		refused(t, err, 400, "InvalidGrantException")
		is(t, "exchanges", strings.Join(stranger.grants, " "), "jwt-bearer")
	})
	t.Run("without the refresh grant every run exchanges the user's token", func(t *testing.T) {
		o.forgets("refresh_token")
		p.refreshToken = nil
		gives("jwt-bearer")
		gives("jwt-bearer")
	})
	t.Run("a provider that is deleted vouches for nobody", func(t *testing.T) {
		_, err := o.root.iam.DeleteOpenIDConnectProvider(t.Context(),
			&iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: &o.trusted})
		o.check(err)
		_, err = p.credentials()
		refused(t, err, 400, "InvalidIdentityToken")
	})
}
