package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"latchkey/internal/awsapi/ssoadmin"
	"latchkey/internal/awsapi/stsapi"
	"latchkey/internal/awswire"
)

const (
	grantJWT     = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	grantRefresh = "refresh_token"
)

// The policy documents. <ACCOUNT>, <APPLICATION>, <PROVIDER> and <CLIENT> are replaced when a step runs.
const (
	setupTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
		`"Principal":{"Federated":"arn:aws:iam::<ACCOUNT>:oidc-provider/<PROVIDER>"},` +
		`"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"<PROVIDER>:aud":"<CLIENT>"}}}]}`
	setupMay = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
		`"Action":"sso-oauth:CreateTokenWithIAM","Resource":"<APPLICATION>"},` +
		`{"Effect":"Allow","Action":["sts:AssumeRole","sts:SetContext"],"Resource":"arn:aws:iam::<ACCOUNT>:role/` +
		setupPerson + `"}]}`
	setupActor = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
		`"Principal":{"AWS":"arn:aws:iam::<ACCOUNT>:role/` + setupRole + `"},` +
		`"Action":"sso-oauth:CreateTokenWithIAM","Resource":"<APPLICATION>"}]}`
	// The condition on SetContext is the one that the Identity Center user guide recommends. Null is added because
	// ForAllValues also holds for an empty set.
	setupPersonTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
		`"Principal":{"AWS":"arn:aws:iam::<ACCOUNT>:role/` + setupRole + `"},"Action":"sts:AssumeRole"},` +
		`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::<ACCOUNT>:role/` + setupRole + `"},` +
		`"Action":"sts:SetContext","Condition":{` +
		`"ForAllValues:ArnEquals":{"sts:RequestContextProviders":["arn:aws:iam::aws:contextProvider/IdentityCenter"]},` +
		`"Null":{"sts:RequestContextProviders":"false"}}}]}`
	setupPersonMay = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
		`"Action":["s3:GetDataAccess","s3:ListCallerAccessGrants","s3:GetAccessGrantsInstanceForPrefix"],"Resource":"*"}]}`
)

// fill replaces the placeholders in a document by what setup has found.
func (s *setup) fill(document string) string {
	_, provider, _ := strings.Cut(s.issuer, "://")
	return strings.NewReplacer("<ACCOUNT>", s.account, "<APPLICATION>", s.application, "<PROVIDER>", provider, "<CLIENT>",
		s.clientID).Replace(document)
}

// shellWord quotes a document as one word of a shell in which account and application are variables.
func (s *setup) shellWord(document string) string {
	_, provider, _ := strings.Cut(s.issuer, "://")
	return strings.NewReplacer("<ACCOUNT>", `'"$account"'`, "<APPLICATION>", `'"$application"'`, "<ISSUER>", `'"$issuer"'`,
		"<PROVIDER>", provider, "<CLIENT>", s.clientID).
		Replace(quote(document))
}

func (s *setup) steps() []setupStep {
	const aws = "latchkey exec -- aws "
	audiences := s.allAudiences()
	list, _ := json.Marshal(audiences) // a list of strings always encodes
	steps := []setupStep{
		{"The account and its directory.", []string{
			"account=$(" + aws + "sts get-caller-identity --query Account --output text)",
			"instance=$(" + aws + "sso-admin list-instances --query 'Instances[0].InstanceArn' --output text)",
		}, s.learn},
		{"IAM knows the provider, and takes its tokens that are for the client.", []string{
			aws + "iam create-open-id-connect-provider --url " + quote(s.issuer) + " --client-id-list " + quote(s.clientID),
		}, s.provider},
		{"A role for who brings such a token. It may exchange it, and act for the person whom it names; nothing else.",
			[]string{
				aws + "iam create-role --role-name " + setupRole + " --max-session-duration 43200 --assume-role-policy-document " +
					s.shellWord(setupTrust),
			}, func(ctx context.Context) (did string, err error) {
				did, s.freshRole, err = s.role(ctx, setupRole, s.fill(setupTrust), 43200)
				return did, err
			}},
		{"The directory trusts the provider to say who somebody is.", []string{
			"issuer=$(" + aws +
				`sso-admin create-trusted-token-issuer --instance-arn "$instance" --name latchkey ` +
				`--trusted-token-issuer-type OIDC_JWT ` +
				"--trusted-token-issuer-configuration " +
				quote(`{"OidcJwtConfiguration":{"IssuerUrl":"`+s.issuer+`","ClaimAttributePath":"`+s.claim+
					`","IdentityStoreAttributePath":"`+s.attribute+`","JwksRetrievalOption":"OPEN_ID_DISCOVERY"}}`) +
				" --query TrustedTokenIssuerArn --output text)",
		}, s.issuerStep},
		{"An application in whose name tokens are exchanged, good for S3 Access Grants.", []string{
			"application=$(" + aws + `sso-admin create-application --instance-arn "$instance" --application-provider-arn ` +
				customProvider +
				" --name " + setupApplication + " --query ApplicationArn --output text)",
		}, s.applicationStep},
		{"It takes the provider's tokens, goes on by refresh tokens, and has the scope of S3 Access Grants.", []string{
			aws + `sso-admin put-application-grant --application-arn "$application" --grant-type ` + grantJWT + " --grant " +
				s.shellWord(`{"JwtBearer":{"AuthorizedTokenIssuers":[{"TrustedTokenIssuerArn":"<ISSUER>","AuthorizedAudiences":`+
					string(list)+`}]}}`),
			aws + `sso-admin put-application-grant --application-arn "$application" --grant-type ` + grantRefresh +
				` --grant '{"RefreshToken":{}}'`,
			aws + `sso-admin put-application-access-scope --application-arn "$application" --scope ` + setupScope,
		}, s.grantsStep},
		{"The role alone may ask for tokens in its name.", []string{
			aws +
				`sso-admin put-application-authentication-method --application-arn "$application" ` +
				`--authentication-method-type IAM ` +
				"--authentication-method " + s.shellWord(`{"Iam":{"ActorPolicy":`+setupActor+`}}`),
			aws + "iam put-role-policy --role-name " + setupRole + " --policy-name " + setupPolicy + " --policy-document " +
				s.shellWord(setupMay),
		}, s.actorStep},
		{s.assignmentTells(), []string{
			aws + `sso-admin put-application-assignment-configuration --application-arn "$application" ` +
				map[bool]string{true: "--assignment-required", false: "--no-assignment-required"}[s.assignment],
		}, s.assignmentStep},
		{"A role that stands for a person. It may ask for grants; the data itself it may not touch.", []string{
			aws + "iam create-role --role-name " + setupPerson + " --assume-role-policy-document " +
				s.shellWord(setupPersonTrust),
			aws + "iam put-role-policy --role-name " + setupPerson + " --policy-name " + setupPolicy + " --policy-document " +
				s.shellWord(setupPersonMay),
		}, s.personStep},
	}
	if !s.noAssociate {
		steps = append(steps, setupStep{"The Access Grants instance knows the directory.", []string{
			aws + `s3control associate-access-grants-identity-center --account-id "$account" --identity-center-arn "$instance"`,
		}, s.associate})
	}
	again := "latchkey directory setup --issuer " + quote(s.issuer) + " --client-id " + quote(s.clientID)
	if s.claim != "email" || s.attribute != "emails.value" {
		again += " --claim " + quote(s.claim) + " --attribute " + quote(s.attribute)
	}
	if f := s.setupFlags; f.create || f.groups != "" {
		again += map[bool]string{true: " --create-users"}[f.create]
		again += map[bool]string{true: " --groups-claim " + quote(f.groups)}[f.groups != ""]
	}
	last := setupStep{"The server tells the machines of people where to sign in. AWS has no operation for that.", nil,
		s.signIn}
	if s.print {
		last.shell = []string{again + "    # finds the rest done"}
	}
	return append(steps, last)
}

func (s *setup) assignmentTells() string {
	if s.assignment {
		return "Only people who are assigned to the application, or whose groups are, may use it."
	}
	return "Everybody in the directory may use it; what they can read, grants say."
}

// allAudiences are the client's own audience and the further ones.
func (s *setup) allAudiences() []string {
	all := []string{s.clientID}
	for _, a := range s.audiences {
		if !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	return all
}

// learn finds out the account and its Identity Center instance.
func (s *setup) learn(ctx context.Context) (string, error) {
	who, err := invoke(ctx, s.c, stsapi.GetCallerIdentity, &stsapi.GetCallerIdentityRequest{})
	if err != nil {
		return "", err
	}
	list, err := invoke(ctx, s.c, ssoadmin.ListInstances, &ssoadmin.ListInstancesRequest{})
	if err != nil {
		return "", err
	}
	if len(list.Instances) == 0 {
		return "", hint(errors.New("the account has no Identity Center instance: somebody deleted it"),
			"latchkey exec -- aws sso-admin create-instance")
	}
	s.account, s.instance = awswire.Value(who.Account), awswire.Value(list.Instances[0].InstanceArn)
	return fmt.Sprintf("account %s, %s", s.account, s.instance), nil
}
