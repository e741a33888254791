package e2e

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	sso "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
)

// The story that Latchkey is for: alice signs in at the company's provider, and an application asks for access for her
// and reads. When something that her access depends on is removed, her credential stops working at the next request.
func TestAnAccessEndsWithWhatItStandsOn(t *testing.T) {
	s := start(t, "--private-issuers")
	idp := startProvider(t, providerOptions{Users: []string{"alice"}})
	for _, c := range []struct {
		name, reason string
		end          func(o *office) error
	}{
		{"taken out of the group by SCIM", "membership_removed", func(o *office) error {
			o.scim.leaves(o.group, o.alice)
			return nil
		}},
		{"disabled by SCIM", "user_disabled", func(o *office) error { o.scim.disables(o.alice); return nil }},
		{"deleted by SCIM", "user_deleted", func(o *office) error { o.scim.dismisses(o.alice); return nil }},
		{"the group deleted by SCIM", "membership_removed", func(o *office) error { o.scim.dissolves(o.group); return nil }},
		{"taken out of the group by the API", "membership_removed", func(o *office) error { return o.leaves(o.membership) }},
		{"disabled by an administrator", "user_disabled", func(o *office) error {
			o.site.own(t, o.root.keys, "SetUserStatus", map[string]any{"UserName": "alice", "UserStatus": "DISABLED"},
				&struct{}{})
			return nil
		}},
		{"deleted by the API", "user_deleted", func(o *office) error {
			_, err := o.root.people.DeleteUser(t.Context(),
				&identitystore.DeleteUserInput{IdentityStoreId: &o.store, UserId: &o.alice})
			return err
		}},
		{"the application disabled", "application_disabled", func(o *office) error {
			_, err := o.root.sso.UpdateApplication(t.Context(),
				&ssoadmin.UpdateApplicationInput{ApplicationArn: &o.app, Status: sso.ApplicationStatusDisabled})
			return err
		}},
		{"the issuer deleted", "issuer_deleted", func(o *office) error {
			_, err := o.root.sso.DeleteTrustedTokenIssuer(t.Context(),
				&ssoadmin.DeleteTrustedTokenIssuerInput{TrustedTokenIssuerArn: &o.issuer})
			return err
		}},
		{"the association removed", "association_removed", func(o *office) error {
			_, err := o.root.control.DissociateAccessGrantsIdentityCenter(t.Context(),
				&s3control.DissociateAccessGrantsIdentityCenterInput{AccountId: &o.id})
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := officeOf(s.newAccount(t), idp)
			o.scim = o.connector()
			who := o.signedIn("alice")
			who.isRefusedAccess(o.at("secret/*"), READ)
			lease := who.asks(o.at("team/*"), READ)
			is(t, "grantee", *lease.grantee.GranteeIdentifier, o.group)
			is(t, "content", lease.gets(o.bucket, "team/plan"), "team/plan")
			lease.mayNot(reading(o.bucket, "secret/x"), writing(o.bucket, "team/plan"))
			// The session that asks reads by the same grant itself, and no more.
			is(t, "content", who.gets(o.bucket, "team/plan"), "team/plan")
			who.mayNot(reading(o.bucket, "secret/x"), writing(o.bucket, "team/plan"))

			began := time.Now()
			o.check(c.end(o))
			acknowledged := time.Now()
			_, err := lease.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &o.bucket, Key: new("team/plan")})
			t.Logf("the change took %v; the next read was refused %v after it was acknowledged", acknowledged.Sub(began),
				time.Since(acknowledged))
			refused(t, err, 403, "AccessDenied", c.reason)
			who.mayNot(reading(o.bucket, "team/plan"))
			o.toldWhy(t, "GetObject", c.reason)
			_, err = who.tryAsking(o.at("team/*"), READ)
			if _, status := codeOf(err); err == nil || status != 403 {
				t.Errorf("new access: %v", err)
			}
		})
	}
}

// leaves ends a membership.
func (o *office) leaves(membership string) error {
	_, err := o.root.people.DeleteGroupMembership(o.t.Context(),
		&identitystore.DeleteGroupMembershipInput{IdentityStoreId: &o.store, MembershipId: &membership})
	return err
}

// A change of the directory at one node soon takes effect at the other. Each node has an embedded object store of its
// own. So on the other node, a read that is allowed finds no bucket.
func TestAnAccessEndsOnEveryNode(t *testing.T) {
	one, two, _ := twoNodes(t, "--private-issuers")
	idp := startProvider(t, providerOptions{Users: []string{"alice"}})
	o := officeOf(one.first(t), idp)
	o.scim = o.connector()
	alice := o.signedIn("alice")
	reads := func(who *actor) error { return reading(o.bucket, "team/plan").do(t.Context(), who) }

	var took []time.Duration
	for range 20 {
		lease := alice.asks(o.at("team/*"), READ) // an earlier one stays ended
		there := two.first(t).actor("there", "", lease.keys)
		letThrough := func() (bool, error) {
			err := reads(there)
			code, _ := codeOf(err)
			return code == "NoSuchBucket", err
		}
		await(t, "the other node to let the credential read", func() bool { ok, _ := letThrough(); return ok })
		lease.may(reading(o.bucket, "team/plan"))
		o.scim.leaves(o.group, o.alice)
		removed := time.Now()
		refused(t, reads(lease.actor), 403, "AccessDenied", "membership_removed")
		ok, err := letThrough()
		for ; ok; ok, err = letThrough() {
			if time.Since(removed) > time.Minute {
				t.Fatal("a minute later the other node still lets it through")
			}
		}
		took = append(took, time.Since(removed))
		refused(t, err, 403, "AccessDenied", "membership_removed")
		o.scim.joins(o.group, o.alice)
	}
	slices.Sort(took)
	t.Logf("removed on one node, refused on the other: median %v, longest %v of %d", took[len(took)/2], took[len(took)-1],
		len(took))
}
