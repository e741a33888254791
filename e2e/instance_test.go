package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/s3control/types"
)

func tagged(pairs ...string) []types.Tag {
	var tags []types.Tag
	for i := 0; i < len(pairs); i += 2 {
		tags = append(tags, types.Tag{Key: &pairs[i], Value: &pairs[i+1]})
	}
	return tags
}

func TestCasesOfInstances(t *testing.T) {
	create := func(a *account, tags ...types.Tag) (*s3control.CreateAccessGrantsInstanceOutput, error) {
		return a.root.control.CreateAccessGrantsInstance(t.Context(),
			&s3control.CreateAccessGrantsInstanceInput{AccountId: &a.id, Tags: tags})
	}
	get := func(a *account) (*s3control.GetAccessGrantsInstanceOutput, error) {
		return a.root.control.GetAccessGrantsInstance(t.Context(), &s3control.GetAccessGrantsInstanceInput{AccountId: &a.id})
	}
	remove := func(a *account) error {
		_, err := a.root.control.DeleteAccessGrantsInstance(t.Context(),
			&s3control.DeleteAccessGrantsInstanceInput{AccountId: &a.id})
		return err
	}

	t.Run("001 an empty body creates the instance", func(t *testing.T) {
		a := newAccount(t)
		got := a.root.asksControl(http.MethodPost, "/accessgrantsinstance", nil, "")
		got.mustBe(t, 200, "")
		body := string(got.body)
		for _, want := range []string{
			"<CreateAccessGrantsInstanceResult", "<AccessGrantsInstanceId>default</AccessGrantsInstanceId>",
			"<AccessGrantsInstanceArn>arn:aws:s3:us-east-1:" + a.id + ":access-grants/default</AccessGrantsInstanceArn>",
			"<CreatedAt>",
		} {
			if !strings.Contains(body, want) {
				t.Errorf("no %s in %s", want, body)
			}
		}
		if strings.Contains(body, "IdentityCenter") {
			t.Errorf("there is no Identity Center: %s", body)
		}
	})
	t.Run("002 a second instance is refused", func(t *testing.T) {
		a := newAccount(t)
		a.hasInstance()
		_, err := create(a)
		refused(t, err, 409, "AccessGrantsInstanceAlreadyExists")
	})
	t.Run("003 tags that come with the creation are kept", func(t *testing.T) {
		a := newAccount(t)
		made, err := create(a, tagged("team", "data", "stage", "")...)
		a.check(err)
		same(t, "tags", a.tagsOf(*made.AccessGrantsInstanceArn), []string{"team=data", "stage="})
	})
	t.Run("bad tags refuse the creation", func(t *testing.T) {
		a := newAccount(t)
		var many []types.Tag
		for i := range 51 {
			many = append(many, types.Tag{Key: aws.String(fmt.Sprint("k", i)), Value: aws.String("v")})
		}
		for _, c := range []struct {
			name, code string
			tags       []types.Tag
		}{
			{"004 the same key twice", "InvalidTag", tagged("k", "1", "k", "2")},
			{"005 a reserved key", "InvalidTags", tagged("aws:x", "1")},
			{"006 too many tags", "TooManyTags", many},
			{"007 a character that no tag may have", "InvalidTag", tagged("k!", "1")},
		} {
			t.Run(c.name, func(t *testing.T) {
				_, err := create(a, c.tags...)
				refused(t, err, 400, c.code)
				_, err = get(a)
				refused(t, err, 404, "AccessGrantsInstanceNotExistsError")
			})
		}
	})
	t.Run("008 no instance is a wrapped error", func(t *testing.T) {
		a := newAccount(t)
		got := a.root.asksControl(http.MethodGet, "/accessgrantsinstance", nil, "")
		got.mustBe(t, 404, "AccessGrantsInstanceNotExistsError")
		d := got.document(t)
		is(t, "root element", d.XMLName.Local, "ErrorResponse")
		if d.RequestID == "" || d.HostID == "" || d.Message == "" {
			t.Errorf("RequestId, HostId or Message are missing: %s", got.body)
		}
	})
	t.Run("009 reads what was created", func(t *testing.T) {
		a := newAccount(t)
		made, err := create(a)
		a.check(err)
		got, err := get(a)
		a.check(err)
		is(t, "ARN", *got.AccessGrantsInstanceArn, *made.AccessGrantsInstanceArn)
		is(t, "creation", got.CreatedAt.UTC(), made.CreatedAt.UTC())
	})
	t.Run("010 other accounts may not read it whatever the policy says", func(t *testing.T) {
		a, b := newAccount(t), newAccount(t)
		a.hasInstance()
		a.isSharedWith(b, "s3:GetDataAccess", "s3:ListAccessGrants")
		_, err := b.root.control.GetAccessGrantsInstance(t.Context(),
			&s3control.GetAccessGrantsInstanceInput{AccountId: &a.id})
		refused(t, err, 403, "AccessDenied")
		_, err = b.root.control.ListAccessGrants(t.Context(), &s3control.ListAccessGrantsInput{AccountId: &a.id})
		a.check(err) // what is shared works
	})
	t.Run("011 no instance is an empty list", func(t *testing.T) {
		a := newAccount(t)
		got := a.root.asksControl(http.MethodGet, "/accessgrantsinstances", nil, "")
		got.mustBe(t, 200, "")
		if !strings.Contains(string(got.body), "<AccessGrantsInstancesList>") &&
			!strings.Contains(string(got.body), "<AccessGrantsInstancesList/>") {
			t.Errorf("the empty list has no element: %s", got.body)
		}
		out, err := a.root.control.ListAccessGrantsInstances(t.Context(),
			&s3control.ListAccessGrantsInstancesInput{AccountId: &a.id})
		a.check(err)
		is(t, "instances", len(out.AccessGrantsInstancesList), 0)
	})
	t.Run("012 the only instance is the only page", func(t *testing.T) {
		a := newAccount(t)
		a.hasInstance()
		out, err := a.root.control.ListAccessGrantsInstances(t.Context(),
			&s3control.ListAccessGrantsInstancesInput{AccountId: &a.id, MaxResults: 1})
		a.check(err)
		is(t, "instances", len(out.AccessGrantsInstancesList), 1)
		is(t, "ARN", *out.AccessGrantsInstancesList[0].AccessGrantsInstanceArn, a.instanceARN())
		if out.NextToken != nil {
			t.Errorf("a second page: %s", *out.NextToken)
		}
	})
	t.Run("013 an instance with a location stays", func(t *testing.T) {
		a := newAccount(t)
		a.hasInstance()
		l := a.registers("s3://")
		refused(t, remove(a), 400, "AccessGrantsInstanceNotEmptyError")
		_, err := a.root.control.DeleteAccessGrantsLocation(t.Context(),
			&s3control.DeleteAccessGrantsLocationInput{AccountId: &a.id, AccessGrantsLocationId: &l.id})
		a.check(err)
		a.check(remove(a))
	})
	t.Run("015 an empty instance is deleted once", func(t *testing.T) {
		a := newAccount(t)
		a.hasInstance()
		got := a.root.asksControl(http.MethodDelete, "/accessgrantsinstance", nil, "")
		got.mustBe(t, 200, "")
		is(t, "length of the answer", len(got.body), 0)
		refused(t, remove(a), 404, "AccessGrantsInstanceNotExistsError")
	})
	t.Run("111 an unknown Identity Center instance is refused", func(t *testing.T) {
		a := newAccount(t)
		a.hasInstance()
		_, err := a.root.control.AssociateAccessGrantsIdentityCenter(t.Context(),
			&s3control.AssociateAccessGrantsIdentityCenterInput{
				AccountId: &a.id, IdentityCenterArn: aws.String("arn:aws:sso:::instance/ssoins-0000000000000000"),
			})
		refused(t, err, 400, "InvalidIdentityCenterInstance")
	})
}

func TestCasesOfResourcePolicies(t *testing.T) {
	policyOf := func(a *account) (*s3control.GetAccessGrantsInstanceResourcePolicyOutput, error) {
		return a.root.control.GetAccessGrantsInstanceResourcePolicy(t.Context(),
			&s3control.GetAccessGrantsInstanceResourcePolicyInput{AccountId: &a.id})
	}
	t.Run("106 there is none at first", func(t *testing.T) {
		a := newAccount(t)
		a.hasInstance()
		_, err := policyOf(a)
		refused(t, err, 404, "AccessGrantsInstanceResourcePolicyNotExists")
	})
	t.Run("107 what is no policy is refused", func(t *testing.T) {
		a := newAccount(t)
		a.hasInstance()
		for _, text := range []string{
			"no JSON",
			`{"Version":"2012-10-17","Statement":[]}`,
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:DeleteAccessGrant",` +
				`"Resource":"` + a.instanceARN() + `"}]}`,
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetDataAccess",` +
				`"Resource":"*"}]}`,
		} {
			_, err := a.root.control.PutAccessGrantsInstanceResourcePolicy(t.Context(),
				&s3control.PutAccessGrantsInstanceResourcePolicyInput{AccountId: &a.id, Policy: &text})
			refused(t, err, 400, "InvalidResourcePolicy")
		}
		_, err := policyOf(a)
		refused(t, err, 404, "AccessGrantsInstanceResourcePolicyNotExists")
	})
	t.Run("108 without it other accounts are out again", func(t *testing.T) {
		a, b, target := sharedLake(t)
		bob := b.user("bob")
		a.grantsTo(bob, target)
		bob.asks(target, READ, of(a))
		got := a.root.asksControl(http.MethodDelete, "/accessgrantsinstance/resourcepolicy", nil, "")
		got.mustBe(t, 200, "")
		is(t, "length of the answer", len(got.body), 0)
		_, err := bob.tryAsking(target, READ, of(a))
		refused(t, err, 403, "AccessDenied")
	})
	t.Run("109 a bucket leads to its owner's instance", func(t *testing.T) {
		a, b, target := sharedLake(t)
		bob := b.user("bob")
		out, err := bob.control.GetAccessGrantsInstanceForPrefix(t.Context(),
			&s3control.GetAccessGrantsInstanceForPrefixInput{AccountId: &b.id, S3Prefix: &target})
		a.check(err)
		is(t, "ARN", *out.AccessGrantsInstanceArn, a.instanceARN())
		stranger := newAccount(t).user("eve")
		_, err = stranger.control.GetAccessGrantsInstanceForPrefix(t.Context(),
			&s3control.GetAccessGrantsInstanceForPrefixInput{AccountId: &stranger.account.id, S3Prefix: &target})
		refused(t, err, 404, "AccessGrantsInstanceNotExistsError")
	})
}

func TestCasesOfOtherAccounts(t *testing.T) {
	t.Run("103 policy, grant and permission let another account in", func(t *testing.T) {
		a, b, target := sharedLake(t)
		bob := b.user("bob")
		a.grantsTo(bob, target)
		c := bob.asks(target, READ, of(a))
		is(t, "grantee", *c.grantee.GranteeIdentifier, bob.arn)
		bucket := strings.Split(target, "/")[2]
		c.may(reading(bucket, "shared/x"))
		c.mayNot(reading(bucket, "private/x"))
	})
	t.Run("104 without the policy the grant is nothing", func(t *testing.T) {
		a, b, target := sharedLake(t)
		bob := b.user("bob")
		a.grantsTo(bob, target)
		_, err := a.root.control.DeleteAccessGrantsInstanceResourcePolicy(t.Context(),
			&s3control.DeleteAccessGrantsInstanceResourcePolicyInput{AccountId: &a.id})
		a.check(err)
		_, err = bob.tryAsking(target, READ, of(a))
		refused(t, err, 403, "AccessDenied")
	})
	t.Run("105 without a permission of its own account nobody gets in", func(t *testing.T) {
		a, b, target := sharedLake(t)
		bob := b.userWho("bob", "")
		a.grantsTo(bob, target)
		_, err := bob.tryAsking(target, READ, of(a))
		refused(t, err, 403, "AccessDenied", "s3:GetDataAccess")
	})
}

// sharedLake returns an account a with an instance that it shares with account b, and a target. One object is inside
// the target at shared/x, one outside it at private/x.
func sharedLake(t testing.TB) (a, b *account, target string) {
	t.Helper()
	a, b = newAccount(t), newAccount(t)
	a.hasInstance()
	bucket := a.bucket()
	a.root.puts(bucket, "shared/x", "private/x")
	a.registers("s3://" + bucket)
	a.isSharedWith(b, "s3:GetDataAccess", "s3:GetAccessGrantsInstanceForPrefix", "s3:ListCallerAccessGrants")
	return a, b, "s3://" + bucket + "/shared/*"
}

// grantsTo gives a principal READ on a target below the account's only location.
func (a *account) grantsTo(who *actor, target string) *grant {
	a.t.Helper()
	out, err := a.root.control.ListAccessGrantsLocations(a.t.Context(),
		&s3control.ListAccessGrantsLocationsInput{AccountId: &a.id})
	a.check(err)
	l := &location{account: a, id: *out.AccessGrantsLocationsList[0].AccessGrantsLocationId}
	return l.grants(who, READ, strings.TrimPrefix(target, *out.AccessGrantsLocationsList[0].LocationScope+"/"))
}

// isSharedWith writes a resource policy that admits another account to these actions.
func (a *account) isSharedWith(b *account, actions ...string) {
	a.t.Helper()
	text := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":%q},`+
		`"Action":["%s"],"Resource":%q}]}`,
		b.id, strings.Join(actions, `","`), a.instanceARN())
	out, err := a.root.control.PutAccessGrantsInstanceResourcePolicy(a.t.Context(),
		&s3control.PutAccessGrantsInstanceResourcePolicyInput{AccountId: &a.id, Policy: &text})
	a.check(err)
	if !strings.Contains(*out.Policy, "arn:aws:iam::"+b.id+":root") {
		a.t.Fatalf("the policy is kept with principals as ARNs: %s", *out.Policy)
	}
}
