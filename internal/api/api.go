// Package api is the control plane's wire. It finds the service and the operation that a request asks for, runs the
// phases that every request goes through, and translates wire types into entities and back. No other package sees the
// wire types.
//
// It decides nothing. Package control decides who may do what, and does it.
package api

import (
	"net/http"

	"latchkey/internal/access"
	"latchkey/internal/awsapi/iamapi"
	"latchkey/internal/awsapi/identitystoreapi"
	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awsapi/s3control"
	ssoportal "latchkey/internal/awsapi/sso"
	"latchkey/internal/awsapi/ssoadmin"
	"latchkey/internal/awsapi/ssooidc"
	"latchkey/internal/awsapi/stsapi"
	"latchkey/internal/awserror"
	"latchkey/internal/awswire"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/buckets"
	"latchkey/internal/control/grants"
	"latchkey/internal/control/identitycenter"
	"latchkey/internal/control/identitystore"
	"latchkey/internal/control/ldapsync"
	"latchkey/internal/control/oauth"
	"latchkey/internal/control/policycheck"
	"latchkey/internal/control/portal"
	"latchkey/internal/control/principals"
	"latchkey/internal/control/sessions"
	"latchkey/internal/control/stores"
	"latchkey/internal/control/sts"
	"latchkey/internal/front"
)

// API serves the control plane. Fill it and call Handler.
type API struct {
	Control        *control.Control
	Grants         *grants.Grants
	Principals     *principals.Principals
	PolicyCheck    *policycheck.Checker
	Buckets        *buckets.Buckets
	Stores         *stores.Stores
	Tokens         *sts.Tokens
	IdentityCenter *identitycenter.Center
	Directory      *identitystore.Directory
	Exchange       *oauth.Exchange
	SignIn         *oauth.SignIn
	Portal         *portal.Portal
	Sessions       *sessions.Sessions
	Sync           *ldapsync.Syncer // nil: the server has no directory sources
	Auth           *caller.Authenticator
	Operator       access.AccountID // the account whose root user may create accounts and adopt buckets
	Frame          *front.Frame
}

// endpoint is one service as this package serves it.
type endpoint struct {
	service *awswire.Service
	dialect awserror.Dialect
	source  string // CloudTrail's eventSource
}

var (
	s3controlEndpoint     = &endpoint{s3control.Service, awserror.S3, grants.Source}
	stsEndpoint           = &endpoint{stsapi.Service, awserror.STS, "sts.amazonaws.com"}
	iamEndpoint           = &endpoint{iamapi.Service, awserror.IAM, "iam.amazonaws.com"}
	ssoEndpoint           = &endpoint{ssoadmin.Service, awserror.SSO, identitycenter.Source}
	identitystoreEndpoint = &endpoint{identitystoreapi.Service, awserror.SSO, identitystore.Source}
	oauthEndpoint         = &endpoint{ssooidc.Service, awserror.OAuth, oauth.Source}
	portalEndpoint        = &endpoint{ssoportal.Service, awserror.Portal, portal.Source}
	latchkeyEndpoint      = &endpoint{latchkey.Service, awserror.JSON, latchkeySource}
)

// Front is the HTTP side of an API.
type Front struct {
	*API
	mux awswire.Mux[*control.Call]
}

// latchkeySource is the eventSource of Latchkey's own operations. It is no name of AWS's, so that programs that read
// CloudTrail do not take these events for AWS's.
const latchkeySource = "latchkey.local"

// Handler registers every operation and returns the front.
func (a *API) Handler() *Front {
	f := &Front{API: a}
	a.registerS3Control(&f.mux)
	a.registerIAM(&f.mux)
	a.registerSTS(&f.mux)
	a.registerSSOAdmin(&f.mux)
	a.registerIdentityStore(&f.mux)
	a.registerOAuth(&f.mux)
	a.registerPortal(&f.mux)
	a.registerLatchkey(&f.mux)
	return f
}

// Claims reports whether a request is for the control plane. A request that it does not claim is for the gateway.
func (f *Front) Claims(r *http.Request) bool { return findEndpoint(r) != nil }

// ClaimsForPeople reports whether a request is one that the programs of people who sign in send without a signature: of
// the OAuth service or of the portal.
func (f *Front) ClaimsForPeople(r *http.Request) bool {
	e := findEndpoint(r)
	return (e == oauthEndpoint || e == portalEndpoint) && r.Header.Get("Authorization") == ""
}
