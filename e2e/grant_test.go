package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/s3control/types"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
)

// lake is an account with an instance, a bucket that is registered as a location, and a user.
type lake struct {
	*account
	bucket   string
	location *location
	alice    *actor
}

func newLake(t testing.TB) *lake {
	t.Helper()
	return lakeOf(newAccount(t))
}

func lakeOf(a *account) *lake {
	a.t.Helper()
	a.hasInstance()
	b := a.bucket()
	return &lake{a, b, a.registers("s3://" + b), a.user("alice")}
}

// at is a target in the lake's bucket.
func (l *lake) at(key string) string { return "s3://" + l.bucket + "/" + key }

func TestCasesOfGrants(t *testing.T) {
	create := func(l *location, in *s3control.CreateAccessGrantInput) (*s3control.CreateAccessGrantOutput, error) {
		return l.account.root.control.CreateAccessGrant(t.Context(), in)
	}
	t.Run("031 037 a slash is put between bucket and sub prefix, which need not exist", func(t *testing.T) {
		l := newLake(t)
		g := l.location.grants(l.alice, READ, "PrefixA/*")
		is(t, "scope", *g.GrantScope, l.at("PrefixA/*"))
		is(t, "ARN", *g.AccessGrantArn, l.instanceARN()+"/grant/"+g.id)
		is(t, "sub prefix", *g.AccessGrantsLocationConfiguration.S3SubPrefix, "PrefixA/*")
		is(t, "grantee", *g.Grantee.GranteeIdentifier, l.alice.arn)
		if !uuidForm.MatchString(g.id) {
			t.Errorf("id %s", g.id)
		}
	})
	t.Run("032 the location's own slash is enough", func(t *testing.T) {
		l := newLake(t)
		is(t, "scope", *l.registers("s3://"+l.bucket+"/").grants(l.alice, READ, "grp/*").GrantScope, l.at("grp/*"))
	})
	t.Run("033 the default location takes the bucket from the sub prefix", func(t *testing.T) {
		l := newLake(t)
		is(t, "scope", *l.registers("s3://").grants(l.alice, READ, l.bucket+"/p*").GrantScope, l.at("p*"))
	})
	t.Run("034 036 the default location needs a bucket that exists", func(t *testing.T) {
		l := newLake(t)
		d := l.registers("s3://")
		for _, sub := range []string{"", "no-such-bucket-" + l.id + "/*", "*", "/x"} {
			_, err := create(d, d.grantInput(sub, READ, l.alice.arn))
			if code, status := codeOf(err); status != 400 || code != "InvalidAccessGrant" && code != "InvalidRequest" {
				t.Errorf("sub prefix %q: %v", sub, err)
			}
		}
		out, err := l.root.control.ListAccessGrants(t.Context(), &s3control.ListAccessGrantsInput{AccountId: &l.id})
		l.check(err)
		is(t, "grants", len(out.AccessGrantsList), 0)
	})
	t.Run("035 a prefix location without sub prefix is the scope", func(t *testing.T) {
		l := newLake(t)
		g := l.registers("s3://"+l.bucket+"/prefixA*").grants(l.alice, READ, "")
		is(t, "scope", *g.GrantScope, l.at("prefixA*"))
		got := l.root.asksControl(http.MethodGet, "/accessgrantsinstance/grant/"+g.id, nil, "")
		got.mustBe(t, 200, "")
		if body := string(got.body); !strings.Contains(body, "<S3SubPrefix></S3SubPrefix>") &&
			!strings.Contains(body, "<S3SubPrefix/>") {
			t.Errorf("an empty S3SubPrefix is missing: %s", body)
		}
	})
	t.Run("038 039 who is no grantee", func(t *testing.T) {
		l := newLake(t)
		for _, who := range []string{
			"arn:aws:iam::" + l.id + ":role/nobody", "arn:aws:iam::" + l.id + ":user/nobody",
			"arn:aws:iam::" + l.id + ":group/staff",
			"arn:aws:iam::" + l.id + ":root", "arn:aws:sts::" + l.id + ":assumed-role/r/s", "*", "alice",
		} {
			_, err := create(l.location, l.location.grantInput("x/*", READ, who))
			refused(t, err, 400, "InvalidRequest", "Invalid Grantee in the request")
		}
	})
	t.Run("040 a directory user without a directory", func(t *testing.T) {
		l := newLake(t)
		in := l.location.grantInput("x/*", READ, "83d43802-00b1-7054-db02-f1d683aacba5")
		in.Grantee.GranteeType = types.GranteeTypeDirectoryUser
		_, err := create(l.location, in)
		refused(t, err, 400, "InvalidRequest")
	})
	t.Run("041 an unknown location", func(t *testing.T) {
		l := newLake(t)
		in := l.location.grantInput("x/*", READ, l.alice.arn)
		in.AccessGrantsLocationId = aws.String("00000000-0000-4000-8000-000000000000")
		_, err := create(l.location, in)
		refused(t, err, 404, "NoSuchAccessGrantsLocationError")
	})
	t.Run("042 043 044 the same grant twice, and what makes another", func(t *testing.T) {
		l := newLake(t)
		l.location.grants(l.alice, READ, "p/*")
		_, err := create(l.location, l.location.grantInput("p/*", READ, l.alice.arn))
		refused(t, err, 409, "AccessGrantAlreadyExists")
		l.location.grants(l.alice, WRITE, "p/*")
		l.location.grantsARN(l.role("reader", trustsAccount(l.account), ""), READ, "p/*")
	})
	t.Run("045 a grant for one object", func(t *testing.T) {
		l := newLake(t)
		for _, sub := range []string{"k.txt", "/l.txt"} {
			in := l.location.grantInput(sub, READ, l.alice.arn)
			in.S3PrefixType = types.S3PrefixTypeObject
			out, err := create(l.location, in)
			l.check(err)
			is(t, "scope", *out.GrantScope, l.at(strings.TrimPrefix(sub, "/")))
			got := l.root.asksControl(http.MethodGet, "/accessgrantsinstance/grant/"+*out.AccessGrantId, nil, "")
			if strings.Contains(string(got.body), "S3PrefixType") {
				t.Errorf("S3PrefixType is never told: %s", got.body)
			}
		}
	})
	t.Run("046 an object has no wildcard", func(t *testing.T) {
		l := newLake(t)
		for _, sub := range []string{"p*", "p/"} {
			in := l.location.grantInput(sub, READ, l.alice.arn)
			in.S3PrefixType = types.S3PrefixTypeObject
			_, err := create(l.location, in)
			if _, status := codeOf(err); status != 400 {
				t.Errorf("sub prefix %q: %v", sub, err)
			}
		}
	})
	t.Run("047 what is no permission", func(t *testing.T) {
		l := newLake(t)
		_, err := create(l.location, l.location.grantInput("x/*", "FOO", l.alice.arn))
		refused(t, err, 400, "InvalidRequest")
	})
	t.Run("048 a grant by its id", func(t *testing.T) {
		l := newLake(t)
		g := l.location.grants(l.alice, READ, "x/*")
		got, err := l.root.control.GetAccessGrant(t.Context(),
			&s3control.GetAccessGrantInput{AccountId: &l.id, AccessGrantId: &g.id})
		l.check(err)
		is(t, "scope", *got.GrantScope, l.at("x/*"))
		is(t, "location", *got.AccessGrantsLocationId, l.location.id)
		is(t, "creation", got.CreatedAt.UTC(), g.CreatedAt.UTC())
		_, err = l.root.control.GetAccessGrant(t.Context(),
			&s3control.GetAccessGrantInput{AccountId: &l.id, AccessGrantId: aws.String("00000000-0000-4000-8000-000000000000")})
		refused(t, err, 404, "NoSuchAccessGrantError")
	})
	t.Run("049 pages of grants", func(t *testing.T) {
		l := newLake(t)
		var want, got []string
		for _, p := range []string{"a/*", "b/*", "c/*", "d/*", "e/*"} {
			want = append(want, l.location.grants(l.alice, READ, p).id)
		}
		var sizes []int
		pages := s3control.NewListAccessGrantsPaginator(l.root.control,
			&s3control.ListAccessGrantsInput{AccountId: &l.id, MaxResults: 2})
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			l.check(err)
			sizes = append(sizes, len(page.AccessGrantsList))
			for _, g := range page.AccessGrantsList {
				got = append(got, *g.AccessGrantId)
			}
		}
		same(t, "page sizes", sizes, []int{2, 2, 1})
		same(t, "grants", got, want)
	})
	t.Run("050 every filter narrows", func(t *testing.T) {
		l := newLake(t)
		bob := l.user("bob")
		want := l.location.grants(l.alice, READ, "a/*").id
		l.location.grants(l.alice, WRITE, "a/*")
		l.location.grants(l.alice, READ, "b/*")
		l.location.grants(bob, READ, "a/*")
		out, err := l.root.control.ListAccessGrants(t.Context(), &s3control.ListAccessGrantsInput{
			AccountId:         &l.id,
			GranteeType:       types.GranteeTypeIam,
			GranteeIdentifier: &l.alice.arn,
			Permission:        READ,
			GrantScope:        new(l.at("a/*")),
		})
		l.check(err)
		is(t, "grants", len(out.AccessGrantsList), 1)
		is(t, "grant", *out.AccessGrantsList[0].AccessGrantId, want)
	})
	t.Run("051 grants for an application", func(t *testing.T) {
		l := newLake(t)
		app := l.root.application(t, "reports")
		in := l.location.grantInput("a/*", READ, l.alice.arn)
		in.ApplicationArn = &app
		made, err := create(l.location, in)
		l.check(err)
		l.location.grants(l.alice, READ, "b/*")
		out, err := l.root.control.ListAccessGrants(t.Context(),
			&s3control.ListAccessGrantsInput{AccountId: &l.id, ApplicationArn: &app})
		l.check(err)
		is(t, "grants", len(out.AccessGrantsList), 1)
		is(t, "grant", *out.AccessGrantsList[0].AccessGrantId, *made.AccessGrantId)
		is(t, "application", *out.AccessGrantsList[0].ApplicationArn, app)
		l.alice.isRefusedAccess(l.at("a/*"), READ) // it did not come through the application
	})
	t.Run("052 a grant is deleted once", func(t *testing.T) {
		l := newLake(t)
		g := l.location.grants(l.alice, READ, "x/*")
		got := l.root.asksControl(http.MethodDelete, "/accessgrantsinstance/grant/"+g.id, nil, "")
		got.mustBe(t, 200, "")
		is(t, "length of the answer", len(got.body), 0)
		_, err := l.root.control.DeleteAccessGrant(t.Context(),
			&s3control.DeleteAccessGrantInput{AccountId: &l.id, AccessGrantId: &g.id})
		refused(t, err, 404, "NoSuchAccessGrantError")
	})
}

// trustsAccount is the trust policy of a role that the account's principals may assume.
func trustsAccount(a *account) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + a.id +
		`:root"},"Action":["sts:AssumeRole","sts:SetSourceIdentity"]}]}`
}

func TestCasesOfCallerGrants(t *testing.T) {
	list := func(who *actor, prefix *string) (found []string, err error) {
		out, err := who.control.ListCallerAccessGrants(t.Context(),
			&s3control.ListCallerAccessGrantsInput{AccountId: &who.account.id, GrantScope: prefix})
		if err != nil {
			return nil, err
		}
		for _, g := range out.CallerAccessGrantsList {
			found = append(found, string(g.Permission)+" "+*g.GrantScope)
		}
		return found, nil
	}
	l := newLake(t)
	bob, eve := l.user("bob"), l.user("eve")
	l.location.grants(l.alice, READ, "pre/*")
	l.location.grants(bob, READ, "pre/secret/*")
	l.location.grants(l.alice, WRITE, "other/*")

	t.Run("097 the caller's own grants, and no more of them than they may know", func(t *testing.T) {
		got, err := list(l.alice, nil)
		l.check(err)
		same(t, "grants", got, []string{"READ " + l.at("pre/*"), "WRITE " + l.at("other/*")})
		body := string(l.alice.asksControl(http.MethodGet, "/accessgrantsinstance/caller/grants", nil, "").body)
		for _, secret := range []string{"AccessGrantId", "Grantee", "Location", bob.name} {
			if strings.Contains(body, secret) {
				t.Errorf("the list tells %s: %s", secret, body)
			}
		}
		if !strings.Contains(body, "<ApplicationArn>NA</ApplicationArn>") {
			t.Errorf("an IAM grant is for no application: %s", body)
		}
	})
	t.Run("098 by the beginning of the scope", func(t *testing.T) {
		got, err := list(l.alice, new(l.at("pre")))
		l.check(err)
		same(t, "grants", got, []string{"READ " + l.at("pre/*")})
	})
	t.Run("099 what begins no scope", func(t *testing.T) {
		_, err := list(l.alice, new(l.bucket+"/pre"))
		refused(t, err, 400, "InvalidRequest")
	})
	t.Run("100 nobody's list is empty", func(t *testing.T) {
		got := eve.asksControl(http.MethodGet, "/accessgrantsinstance/caller/grants", nil, "")
		got.mustBe(t, 200, "")
		if body := string(got.body); !strings.Contains(body, "<CallerAccessGrantsList></CallerAccessGrantsList>") &&
			!strings.Contains(body, "<CallerAccessGrantsList/>") {
			t.Errorf("the empty list has no element: %s", body)
		}
	})
}

// application makes an application of the account's Identity Center instance and returns its ARN.
func (a *actor) application(t *testing.T, name string) string {
	t.Helper()
	instances, err := a.sso.ListInstances(t.Context(), &ssoadmin.ListInstancesInput{})
	if err != nil || len(instances.Instances) != 1 {
		t.Fatalf("the account's Identity Center instances: %v, %v", instances, err)
	}
	made, err := a.sso.CreateApplication(t.Context(), &ssoadmin.CreateApplicationInput{
		InstanceArn: instances.Instances[0].InstanceArn, Name: &name,
		ApplicationProviderArn: aws.String("arn:aws:sso::aws:applicationProvider/custom"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return *made.ApplicationArn
}
