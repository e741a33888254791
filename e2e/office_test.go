package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	people "github.com/aws/aws-sdk-go-v2/service/identitystore/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/s3control/types"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/document"
	sso "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	identity "github.com/aws/aws-sdk-go-v2/service/sts/types"
)

const (
	jwtBearer    = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	grantsScope  = "s3:access_grants:read_write"
	ourProvider  = "arn:aws:iam::aws:contextProvider/IdentityCenter"
	customOAuth  = "arn:aws:sso::aws:applicationProvider/custom"
	trustsPeople = `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"Service":"access-grants.s3.amazonaws.com"},
		 "Action":["sts:AssumeRole","sts:SetSourceIdentity"]},
		{"Effect":"Allow","Principal":{"Service":"access-grants.s3.amazonaws.com"},"Action":"sts:SetContext",
		 "Condition":{"ForAllValues:ArnEquals":{"sts:RequestContextProviders":["` + ourProvider + `"]}}}]}`
)

// office is an account whose data people of its directory may read, set up as in the S3 user guide: an OpenID provider
// that the account trusts, an application that exchanges the provider's tokens, and a group that a grant names.
type office struct {
	*account
	idp      *provider
	bucket   string
	location *location

	center string // ARN of the Identity Center instance
	store  string // id of the identity store
	app    string // ARN of the application
	issuer string // ARN of the trusted token issuer
	web    *actor // who exchanges tokens for the application
	bearer string // ARN of the role that carries identities

	trusted string // ARN of IAM's OpenID Connect provider, if the application is federated

	alice, group, membership string     // ids
	grant                    *grant     // READ of team/* for the group
	scim                     *connector // where a test has one
}

// officeOf sets up an account. Its server must allow private issuers.
func officeOf(a *account, idp *provider) *office {
	a.t.Helper()
	o := newOffice(a, idp)
	_, err := a.root.control.AssociateAccessGrantsIdentityCenter(a.t.Context(),
		&s3control.AssociateAccessGrantsIdentityCenterInput{AccountId: &a.id, IdentityCenterArn: &o.center})
	a.check(err)
	o.hasData()
	o.hasApplication()
	return o
}

// newOffice returns an account with an Access Grants instance and nothing else.
func newOffice(a *account, idp *provider) *office {
	a.t.Helper()
	instances, err := a.root.sso.ListInstances(a.t.Context(), &ssoadmin.ListInstancesInput{})
	a.check(err)
	is(a.t, "instances", len(instances.Instances), 1)
	a.hasInstance()
	return &office{
		account: a,
		idp:     idp,
		center:  *instances.Instances[0].InstanceArn,
		store:   *instances.Instances[0].IdentityStoreId,
	}
}

// hasData creates the data, puts alice into her group, and creates the group's grant. The instance must be associated.
func (o *office) hasData() {
	o.t.Helper()
	o.bucket = o.account.bucket()
	o.root.puts(o.bucket, "team/plan", "secret/x")
	o.made++
	o.location = o.registersWith("s3://"+o.bucket, o.role(fmt.Sprintf("location-%d", o.made), trustsPeople, mayAnything))
	o.alice = o.person("alice", "alice@example.com")
	o.group = o.team("analysts")
	o.membership = o.joins(o.group, o.alice)
	o.grant = o.grantsTo(types.GranteeTypeDirectoryGroup, o.group, READ, "team/*")
}

// hasApplication creates the application, and sets whose tokens it exchanges and who may ask for that.
func (o *office) hasApplication() {
	o.t.Helper()
	ctx := o.t.Context()
	o.web = o.userWho("web", "")
	o.bearer = o.role("bearer",
		fmt.Sprintf(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":%q},`+
				`"Action":["sts:AssumeRole","sts:SetContext"]}]}`, o.web.arn,
		), mayAsk)
	made, err := o.root.sso.CreateApplication(ctx,
		&ssoadmin.CreateApplicationInput{
			InstanceArn:            &o.center,
			ApplicationProviderArn: aws.String(customOAuth),
			Name:                   aws.String("analytics"),
		})
	o.check(err)
	o.app = *made.ApplicationArn
	_, err = o.root.sso.PutApplicationAssignmentConfiguration(ctx,
		&ssoadmin.PutApplicationAssignmentConfigurationInput{ApplicationArn: &o.app, AssignmentRequired: aws.Bool(false)})
	o.check(err)
	_, err = o.root.sso.PutApplicationAccessScope(ctx,
		&ssoadmin.PutApplicationAccessScopeInput{ApplicationArn: &o.app, Scope: aws.String(grantsScope)})
	o.check(err)
	o.actsThrough(o.web.arn)
	trusted, err := o.root.sso.CreateTrustedTokenIssuer(ctx, &ssoadmin.CreateTrustedTokenIssuerInput{
		InstanceArn: &o.center, Name: aws.String("provider"), TrustedTokenIssuerType: sso.TrustedTokenIssuerTypeOidcJwt,
		TrustedTokenIssuerConfiguration: &sso.TrustedTokenIssuerConfigurationMemberOidcJwtConfiguration{
			Value: sso.OidcJwtConfiguration{
				IssuerUrl:                  &o.idp.issuer,
				ClaimAttributePath:         aws.String("email"),
				IdentityStoreAttributePath: aws.String("emails.value"),
				JwksRetrievalOption:        sso.JwksRetrievalOptionOpenIdDiscovery,
			},
		},
	})
	o.check(err)
	o.issuer = *trusted.TrustedTokenIssuerArn
	o.accepts(jwtBearer, &sso.GrantMemberJwtBearer{Value: sso.JwtBearerGrant{
		AuthorizedTokenIssuers: []sso.AuthorizedTokenIssuer{{
			TrustedTokenIssuerArn: &o.issuer,
			AuthorizedAudiences:   []string{cliClient},
		}},
	}})
	o.accepts("refresh_token", &sso.GrantMemberRefreshToken{})
}

// accepts gives the application a grant, so that it exchanges tokens of a kind.
func (o *office) accepts(kind string, g sso.Grant) {
	o.t.Helper()
	_, err := o.root.sso.PutApplicationGrant(o.t.Context(),
		&ssoadmin.PutApplicationGrantInput{ApplicationArn: &o.app, GrantType: sso.GrantType(kind), Grant: g})
	o.check(err)
}

// forgets removes that grant from the application.
func (o *office) forgets(kind string) {
	o.t.Helper()
	_, err := o.root.sso.DeleteApplicationGrant(o.t.Context(),
		&ssoadmin.DeleteApplicationGrantInput{ApplicationArn: &o.app, GrantType: sso.GrantType(kind)})
	o.check(err)
}

// actsThrough lets one principal, and no other, exchange tokens for the application.
func (o *office) actsThrough(arn string) {
	o.t.Helper()
	policy := document.NewLazyDocument(map[string]any{
		"Version": "2012-10-17",
		"Statement": []any{map[string]any{
			"Effect":    "Allow",
			"Principal": map[string]any{"AWS": arn},
			"Action":    "sso-oauth:CreateTokenWithIAM",
			"Resource":  "*",
		}},
	})
	_, err := o.root.sso.PutApplicationAuthenticationMethod(o.t.Context(),
		&ssoadmin.PutApplicationAuthenticationMethodInput{
			ApplicationArn:           &o.app,
			AuthenticationMethodType: sso.AuthenticationMethodTypeIam,
			AuthenticationMethod: &sso.AuthenticationMethodMemberIam{
				Value: sso.IamAuthenticationMethod{ActorPolicy: policy},
			},
		})
	o.check(err)
}

// federates replaces the application's user by a role. Whoever has a token of the provider for the application's client
// may assume the role, and exchange the token. It returns the role's ARN.
func (o *office) federates() string {
	o.t.Helper()
	provider, err := o.root.iam.CreateOpenIDConnectProvider(o.t.Context(),
		&iam.CreateOpenIDConnectProviderInput{Url: &o.idp.issuer, ClientIDList: []string{cliClient}})
	o.check(err)
	o.trusted = *provider.OpenIDConnectProviderArn
	role := o.role("application",
		fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":%q},
		"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"%s:aud":%q}}}]}`,
			o.trusted, strings.TrimPrefix(o.idp.issuer, "http://"), cliClient), "")
	o.actsThrough(role)
	trust := fmt.Sprintf(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":%q},`+
			`"Action":["sts:AssumeRole","sts:SetContext"]}]}`, role,
	)
	_, err = o.root.iam.UpdateAssumeRolePolicy(o.t.Context(),
		&iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("bearer"), PolicyDocument: &trust})
	o.check(err)
	return role
}

// person makes somebody in the directory.
func (o *office) person(name, email string) string {
	o.t.Helper()
	out, err := o.root.people.CreateUser(o.t.Context(), &identitystore.CreateUserInput{
		IdentityStoreId: &o.store,
		UserName:        &name,
		DisplayName:     &name,
		Name:            &people.Name{GivenName: &name, FamilyName: aws.String("Example")},
		Emails:          []people.Email{{Value: &email, Type: aws.String("work"), Primary: true}},
	})
	o.check(err)
	return *out.UserId
}

// team makes a group in the directory.
func (o *office) team(name string) string {
	o.t.Helper()
	out, err := o.root.people.CreateGroup(o.t.Context(),
		&identitystore.CreateGroupInput{IdentityStoreId: &o.store, DisplayName: &name})
	o.check(err)
	return *out.GroupId
}

// joins puts somebody into a group, and returns the id of the membership.
func (o *office) joins(group, user string) string {
	o.t.Helper()
	out, err := o.root.people.CreateGroupMembership(o.t.Context(), &identitystore.CreateGroupMembershipInput{
		IdentityStoreId: &o.store, GroupId: &group, MemberId: &people.MemberIdMemberUserId{Value: user},
	})
	o.check(err)
	return *out.MembershipId
}

// grantsTo gives a permission on a part of the office's bucket to somebody of the directory.
func (o *office) grantsTo(kind types.GranteeType, id string, permission types.Permission, sub string) *grant {
	o.t.Helper()
	in := o.location.grantInput(sub, permission, id)
	in.Grantee.GranteeType = kind
	out, err := o.root.control.CreateAccessGrant(o.t.Context(), in)
	o.check(err)
	return &grant{out, o.account, *out.AccessGrantId}
}

// at is a target in the office's bucket.
func (o *office) at(key string) string { return "s3://" + o.bucket + "/" + key }

// exchanges exchanges a token of the provider for a token of Identity Center.
func (o *office) exchanges(assertion string) *ssooidc.CreateTokenWithIAMOutput {
	o.t.Helper()
	out, err := o.tryExchanging(assertion)
	o.check(err)
	return out
}

func (o *office) tryExchanging(assertion string) (*ssooidc.CreateTokenWithIAMOutput, error) {
	return o.web.oauth.CreateTokenWithIAM(o.t.Context(),
		&ssooidc.CreateTokenWithIAMInput{ClientId: &o.app, GrantType: aws.String(jwtBearer), Assertion: &assertion})
}

// carries returns a session of the bearer role that acts for a person.
func (o *office) carries(who *actor, session, context string) (*actor, error) {
	out, err := who.sts.AssumeRole(o.t.Context(), &sts.AssumeRoleInput{
		RoleArn: &o.bearer, RoleSessionName: &session,
		ProvidedContexts: []identity.ProvidedContext{{ProviderArn: aws.String(ourProvider), ContextAssertion: &context}},
	})
	if err != nil {
		return nil, err
	}
	return o.actor(session, *out.AssumedRoleUser.Arn, keysOfSTS(out.Credentials)), nil
}

func keysOfSTS(c *identity.Credentials) aws.Credentials {
	return aws.Credentials{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken}
}

// signedIn returns a person of the directory who signed in at the provider, and for whom the application now acts.
func (o *office) signedIn(name string) *actor {
	o.t.Helper()
	token := o.exchanges(o.idp.signsIn(o.t, name))
	who, err := o.carries(o.web, name, *token.AwsAdditionalDetails.IdentityContext)
	o.check(err)
	return who
}

// toldWhy checks that the newest refusal in the account's audit log has a reason.
func (o *office) toldWhy(t testing.TB, event, reason string) {
	t.Helper()
	await(t, "a record that names "+reason, func() bool { // a refused data request is recorded within a second
		records, _ := o.audited(t, "--event", event, "--error-code", "AccessDenied")
		return len(records) > 0 && strings.HasPrefix(records[0].Latchkey.Reason, reason)
	})
}
