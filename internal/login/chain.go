package login

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"latchkey/internal/awsapi/ssooidc"
	"latchkey/internal/awsapi/stsapi"
	"latchkey/internal/awswire"
)

// How long the sessions of the chain's roles are asked for. The application role lets a session go on without its
// person, so it is asked for as long as AWS allows. The bearer role is assumed by a session, which AWS limits to an
// hour ("role chaining").
const (
	applicationLife = 12 * time.Hour
	bearerLife      = time.Hour
)

const (
	jwtBearer    = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	contextFrom  = "arn:aws:iam::aws:contextProvider/IdentityCenter"
	refreshGrant = "refresh_token"
)

// assumed returns the keys that a server gave. It fails if they are incomplete.
func assumed(operation string, k Keys) (Keys, error) {
	if k.AccessKeyID == "" || k.SecretAccessKey == "" || k.SessionToken == "" || k.Expires.IsZero() {
		return Keys{}, fmt.Errorf("%s: the server's answer has no credentials", operation)
	}
	return k, nil
}

func assumedBySTS(operation string, given *stsapi.Credentials) (Keys, error) {
	c := awswire.Value(given)
	return assumed(operation, Keys{
		AccessKeyID:     awswire.Value(c.AccessKeyId),
		SecretAccessKey: awswire.Value(c.SecretAccessKey),
		SessionToken:    awswire.Value(c.SessionToken),
		Expires:         awswire.Value(c.Expiration),
	})
}

// webIdentity calls AssumeRoleWithWebIdentity: it gets the keys of the application role for an identity token. If the
// role does not allow so long a session, webIdentity asks for the default of an hour.
func (e *Endpoint) webIdentity(ctx context.Context, role, session, token string) (Keys, error) {
	ask := func(life *int32) (Keys, error) {
		out, err := invoke(ctx, e, Keys{}, stsapi.AssumeRoleWithWebIdentity, &stsapi.AssumeRoleWithWebIdentityRequest{
			RoleArn: &role, RoleSessionName: &session, WebIdentityToken: &token, DurationSeconds: life,
		})
		if err != nil {
			return Keys{}, err
		}
		return assumedBySTS("AssumeRoleWithWebIdentity", out.Credentials)
	}
	k, err := ask(seconds(applicationLife))
	if isRefusal(err, "ValidationError") && strings.Contains(err.Error(), "DurationSeconds") {
		return ask(nil)
	}
	return k, err
}

func seconds(d time.Duration) *int32 { return new(int32(min(d/time.Second, math.MaxInt32))) }

// exchanged is the part of CreateTokenWithIAM's answer that the chain needs.
type exchanged struct {
	context string // for AssumeRole
	refresh string // may be empty
	expires time.Time
}

// exchange calls CreateTokenWithIAM with an identity token or a refresh token.
func (e *Endpoint) exchange(ctx context.Context, k Keys, application, grant, token string) (*exchanged, error) {
	in := &ssooidc.CreateTokenWithIAMRequest{ClientId: &application, GrantType: &grant}
	if grant == jwtBearer {
		in.Assertion = &token
	} else {
		in.RefreshToken = &token
	}
	out, err := invoke(ctx, e, k, ssooidc.CreateTokenWithIAM, in)
	if err != nil {
		return nil, err
	}
	identity := awswire.Value(awswire.Value(out.AwsAdditionalDetails).IdentityContext)
	if identity == "" {
		return nil, errors.New("CreateTokenWithIAM: the server's answer has no identity context")
	}
	expires := e.Now().Add(time.Duration(awswire.Value(out.ExpiresIn)) * time.Second)
	return &exchanged{context: identity, refresh: awswire.Value(out.RefreshToken), expires: expires}, nil
}

// bearer calls AssumeRole with an identity context: it gets keys that stand for the person.
func (e *Endpoint) bearer(ctx context.Context, k Keys, role, session, identityContext string) (Keys, error) {
	out, err := invoke(ctx, e, k, stsapi.AssumeRole, &stsapi.AssumeRoleRequest{
		RoleArn: &role, RoleSessionName: &session, DurationSeconds: seconds(bearerLife),
		ProvidedContexts: []stsapi.ProvidedContext{{ProviderArn: new(contextFrom), ContextAssertion: &identityContext}},
	})
	if err != nil {
		return Keys{}, err
	}
	return assumedBySTS("AssumeRole", out.Credentials)
}

// CallerAccount returns the account that keys belong to (GetCallerIdentity).
func (e *Endpoint) CallerAccount(ctx context.Context, k Keys) (string, error) {
	out, err := invoke(ctx, e, k, stsapi.GetCallerIdentity, &stsapi.GetCallerIdentityRequest{})
	if err != nil {
		return "", err
	}
	return awswire.Value(out.Account), nil
}

// isRefusal reports whether a server refused with one of these codes.
func isRefusal(err error, codes ...string) bool {
	e, ok := errors.AsType[*Refusal](err)
	if !ok {
		return false
	}
	for _, c := range codes {
		if e.Code == c {
			return true
		}
	}
	return false
}

// sessionName makes a role session name from a person's name: the characters that STS allows, 2 to 64 of them.
func sessionName(person string) string {
	name := strings.Map(func(r rune) rune {
		if r < 0x80 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
			strings.ContainsRune("_=,.@-", r)) {
			return r
		}
		return '_'
	}, person)
	for len(name) < 2 {
		name += "_"
	}
	return name[:min(len(name), 64)]
}
