package identitycenter

import (
	"context"

	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// s3Actor is the actor policy of S3's application: only the service may act in its name.
const s3Actor = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
	`"Principal":{"Service":"access-grants.s3.amazonaws.com"},"Action":"sso-oauth:CreateTokenWithIAM","Resource":"*"}]}`

// NewS3Application makes the application that S3 Access Grants has in an instance for a region. It owns the scope of
// Access Grants and stands for the association. It has no grant, so nobody can exchange tokens with it.
func NewS3Application(i *sso.Instance, region string) *sso.Application {
	return &sso.Application{
		ID:                 sso.NewApplicationID(),
		InstanceID:         i.ID,
		Account:            i.Account,
		Provider:           sso.S3Provider,
		Name:               "S3AccessGrants-" + region,
		Description:        "Created by Amazon S3 Access Grants",
		Portal:             sso.Portal{Visibility: "DISABLED"},
		CreatedFrom:        region,
		AssignmentOptional: true,
		Actor:              &sso.ActorPolicy{Document: []byte(s3Actor), Bound: s3Actor},
	}
}

// MayAssociate checks the caller's permissions for what S3 does in Identity Center when the caller associates an Access
// Grants instance: S3 creates its application in the instance with this ARN and configures it. With describe,
// MayAssociate also checks the permission to see the instance, as CreateAccessGrantsInstance does (S3 Control API
// reference). It returns nil if the instance is not the account's own.
func MayAssociate(call *control.Call, instanceARN string, describe bool) (*sso.Instance, error) {
	actions := []string{"sso:CreateApplication", "sso:PutApplicationGrant", "sso:PutApplicationAuthenticationMethod"}
	if describe {
		actions = append([]string{"sso:DescribeInstance"}, actions...)
	}
	i := call.Snapshot.IdentityCenter(call.Account)
	if i != nil && i.ARN() != instanceARN {
		i = nil
	}
	for _, action := range actions {
		resource, values := instanceARN, policy.Values{}
		if i != nil {
			values = control.Tagged(values, "aws:ResourceTag/", i.Tags)
		}
		if action == "sso:PutApplicationGrant" || action == "sso:PutApplicationAuthenticationMethod" {
			resource = anyApplication(call, instanceARN)
			values = control.Values(applicationAccountKey, string(call.Account))
		}
		if err := call.May(action, resource, values, nil, call.Account); err != nil {
			return nil, err
		}
	}
	return i, call.May("sso:CreateApplication", sso.S3Provider, policy.Values{}, nil, call.Account)
}

// anyApplication is an ARN that stands for the application that is about to be created in an instance. Its id is random
// and known to nobody, so only a policy about all applications of the instance can allow it.
func anyApplication(call *control.Call, instanceARN string) string {
	id := "ssoins-unknown"
	if r, ok := sso.ParseARN(instanceARN); ok && r.Kind == sso.KindInstance {
		id = r.InstanceID
	}
	return sso.ApplicationARN(call.Account, id, sso.NewApplicationID())
}

// InsertS3Application inserts S3's application in the caller's transaction. It fails if the instance is gone by now.
func (c *Center) InsertS3Application(ctx context.Context, tx *store.Tx, i *sso.Instance, app *sso.Application) error {
	_, err := currentInstance(ctx, tx, i)
	if fault.Is(err, fault.Denied, fault.IdentityCenter) {
		return fault.New(fault.Invalid, fault.IdentityCenter, "The Identity Center instance %s does not exist", i.ARN())
	}
	if err != nil {
		return err
	}
	return c.insertApplication(ctx, tx, app)
}
