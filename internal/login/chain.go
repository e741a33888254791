package login

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// How long the roles of the chain are asked for. The application role is what lets a session go on without its
// person, so it is asked for as long as AWS allows; the bearer role is assumed by a session, which AWS limits to an
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

// assumed is the credentials element of STS's answers.
type assumed struct {
	ID      string    `xml:"AccessKeyId"`
	Secret  string    `xml:"SecretAccessKey"`
	Token   string    `xml:"SessionToken"`
	Expires time.Time `xml:"Expiration"`
}

func (a *assumed) keys(operation string) (Keys, error) {
	if a.ID == "" || a.Secret == "" || a.Token == "" || a.Expires.IsZero() {
		return Keys{}, fmt.Errorf("%s: the server's answer has no credentials", operation)
	}
	return Keys{AccessKeyID: a.ID, SecretAccessKey: a.Secret, SessionToken: a.Token, Expires: a.Expires}, nil
}

// webIdentity is AssumeRoleWithWebIdentity: the keys of the application role for an identity token. A role that may
// not be assumed for so long is asked for the default of an hour.
func (e *Endpoint) webIdentity(ctx context.Context, role, session, token string) (Keys, error) {
	const operation = "AssumeRoleWithWebIdentity"
	ask := func(seconds string) (Keys, error) {
		form := url.Values{"RoleArn": {role}, "RoleSessionName": {session}, "WebIdentityToken": {token}}
		if seconds != "" {
			form.Set("DurationSeconds", seconds)
		}
		var out struct {
			Credentials assumed `xml:"AssumeRoleWithWebIdentityResult>Credentials"`
		}
		if err := e.sts(ctx, Keys{}, operation, form, &out); err != nil {
			return Keys{}, err
		}
		return out.Credentials.keys(operation)
	}
	k, err := ask(seconds(applicationLife))
	if isRefusal(err, "ValidationError") && strings.Contains(err.Error(), "DurationSeconds") {
		return ask("")
	}
	return k, err
}

func seconds(d time.Duration) string { return fmt.Sprint(int(d.Seconds())) }

// exchanged is what CreateTokenWithIAM gives that the chain needs.
type exchanged struct {
	context string // for AssumeRole
	refresh string // may be empty
	expires time.Time
}

// exchange is CreateTokenWithIAM with an identity token or a refresh token.
func (e *Endpoint) exchange(ctx context.Context, k Keys, application, grant, token string) (*exchanged, error) {
	in := map[string]string{"clientId": application, "grantType": grant}
	if grant == jwtBearer {
		in["assertion"] = token
	} else {
		in["refreshToken"] = token
	}
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	answer, err := e.do(ctx, k, request{
		operation: "CreateTokenWithIAM", service: "sso-oauth", method: http.MethodPost, path: "/token", query: url.Values{"aws_iam": {"t"}},
		header: http.Header{"Content-Type": {"application/json"}}, body: body,
	})
	if err != nil {
		return nil, err
	}
	var out struct {
		Refresh string `json:"refreshToken"`
		Expires int64  `json:"expiresIn"`
		Details struct {
			Context string `json:"identityContext"`
		} `json:"awsAdditionalDetails"`
	}
	if err := json.Unmarshal(answer, &out); err != nil || out.Details.Context == "" {
		return nil, errors.New("CreateTokenWithIAM: the server's answer has no identity context")
	}
	return &exchanged{context: out.Details.Context, refresh: out.Refresh, expires: e.Now().Add(time.Duration(out.Expires) * time.Second)}, nil
}

// bearer is AssumeRole with an identity context: keys that stand for the person.
func (e *Endpoint) bearer(ctx context.Context, k Keys, role, session, identityContext string) (Keys, error) {
	const operation = "AssumeRole"
	var out struct {
		Credentials assumed `xml:"AssumeRoleResult>Credentials"`
	}
	err := e.sts(ctx, k, operation, url.Values{
		"RoleArn": {role}, "RoleSessionName": {session}, "DurationSeconds": {seconds(bearerLife)},
		"ProvidedContexts.member.1.ProviderArn":      {contextFrom},
		"ProvidedContexts.member.1.ContextAssertion": {identityContext},
	}, &out)
	if err != nil {
		return Keys{}, err
	}
	return out.Credentials.keys(operation)
}

// CallerAccount is the account that keys belong to (GetCallerIdentity).
func (e *Endpoint) CallerAccount(ctx context.Context, k Keys) (string, error) {
	var out struct {
		Account string `xml:"GetCallerIdentityResult>Account"`
	}
	if err := e.sts(ctx, k, "GetCallerIdentity", url.Values{}, &out); err != nil {
		return "", err
	}
	return out.Account, nil
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

// sessionName makes a role session name of a person's: what STS allows in one, 2 to 64 characters.
func sessionName(person string) string {
	name := strings.Map(func(r rune) rune {
		if r < 0x80 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_=,.@-", r)) {
			return r
		}
		return '_'
	}, person)
	for len(name) < 2 {
		name += "_"
	}
	return name[:min(len(name), 64)]
}
