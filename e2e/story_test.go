package e2e

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	sso "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
)

// The story that Latchkey is for: alice signs in at the company's provider, an application asks for access for her
// and reads, and what stands behind her access goes. The credential that she holds is dead at the next request.
func TestAnAccessEndsWithWhatItStandsOn(t *testing.T) {
	s := start(t, "--private-issuers")
	idp := startProvider(t, providerOptions{Users: []string{"alice"}})
	for _, c := range []struct {
		name, reason string
		end          func(o *office) error
	}{
		{"taken out of the group", "membership_removed", func(o *office) error {
			_, err := o.root.people.DeleteGroupMembership(t.Context(), &identitystore.DeleteGroupMembershipInput{IdentityStoreId: &o.store, MembershipId: &o.membership})
			return err
		}},
		{"deleted from the directory", "user_deleted", func(o *office) error {
			_, err := o.root.people.DeleteUser(t.Context(), &identitystore.DeleteUserInput{IdentityStoreId: &o.store, UserId: &o.alice})
			return err
		}},
		{"the group deleted", "membership_removed", func(o *office) error {
			_, err := o.root.people.DeleteGroup(t.Context(), &identitystore.DeleteGroupInput{IdentityStoreId: &o.store, GroupId: &o.group})
			return err
		}},
		{"the application disabled", "application_disabled", func(o *office) error {
			_, err := o.root.sso.UpdateApplication(t.Context(), &ssoadmin.UpdateApplicationInput{ApplicationArn: &o.app, Status: sso.ApplicationStatusDisabled})
			return err
		}},
		{"the issuer deleted", "issuer_deleted", func(o *office) error {
			_, err := o.root.sso.DeleteTrustedTokenIssuer(t.Context(), &ssoadmin.DeleteTrustedTokenIssuerInput{TrustedTokenIssuerArn: &o.issuer})
			return err
		}},
		{"the association removed", "association_removed", func(o *office) error {
			_, err := o.root.control.DissociateAccessGrantsIdentityCenter(t.Context(), &s3control.DissociateAccessGrantsIdentityCenterInput{AccountId: &o.id})
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := officeOf(s.newAccount(t), idp)
			who := o.signedIn("alice")
			who.isRefusedAccess(o.at("secret/*"), READ)
			lease := who.asks(o.at("team/*"), READ)
			is(t, "grantee", *lease.grantee.GranteeIdentifier, o.group)
			is(t, "content", lease.gets(o.bucket, "team/plan"), "team/plan")
			lease.mayNot(reading(o.bucket, "secret/x"), writing(o.bucket, "team/plan"))
			who.mayNot(reading(o.bucket, "team/plan")) // the session that asks reads nothing itself

			began := time.Now()
			o.check(c.end(o))
			acknowledged := time.Now()
			_, err := lease.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &o.bucket, Key: new("team/plan")})
			t.Logf("the change took %v; the next read was refused %v after it was acknowledged", acknowledged.Sub(began), time.Since(acknowledged))
			refused(t, err, 403, "AccessDenied", c.reason)
			o.toldWhy(t, "GetObject", c.reason)
			_, err = who.tryAsking(o.at("team/*"), READ)
			if _, status := codeOf(err); err == nil || status != 403 {
				t.Errorf("new access: %v", err)
			}
		})
	}
}
