package e2e

import (
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3control"

	"latchkey/internal/control"
	"latchkey/internal/server"
)

var uuidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func (a *account) tryRegistering(who *actor, scope, role string) error {
	_, err := who.control.CreateAccessGrantsLocation(a.t.Context(), &s3control.CreateAccessGrantsLocationInput{
		AccountId: &a.id, LocationScope: &scope, IAMRoleArn: &role,
	})
	return err
}

func (l *location) isDeleted() error {
	_, err := l.account.root.control.DeleteAccessGrantsLocation(l.account.t.Context(),
		&s3control.DeleteAccessGrantsLocationInput{
			AccountId: &l.account.id, AccessGrantsLocationId: &l.id,
		})
	return err
}

func TestCasesOfLocations(t *testing.T) {
	withInstance := func(t *testing.T) *account {
		a := newAccount(t)
		a.hasInstance()
		return a
	}
	t.Run("016 the default location", func(t *testing.T) {
		a := withInstance(t)
		l := a.registers("s3://")
		is(t, "id", l.id, "default")
		is(t, "ARN", l.arn, a.instanceARN()+"/location/default")
		is(t, "scope", *l.response.LocationScope, "s3://")
	})
	t.Run("017 the same scope twice", func(t *testing.T) {
		a := withInstance(t)
		l := a.registers("s3://")
		refused(t, a.tryRegistering(a.root, "s3://", l.role), 409, "AccessGrantsLocationAlreadyExistsError")
		b := a.bucket()
		a.registers("s3://" + b)
		refused(t, a.tryRegistering(a.root, "s3://"+b, l.role), 409, "AccessGrantsLocationAlreadyExistsError")
	})
	t.Run("018 a prefix is echoed as it was written", func(t *testing.T) {
		a := withInstance(t)
		b := a.bucket()
		for _, path := range []string{"/prefixA*", "/dir/", "/dir/*", "/plain"} {
			scope := "s3://" + b + path
			l := a.registers(scope)
			if !uuidForm.MatchString(l.id) {
				t.Errorf("id %s", l.id)
			}
			is(t, "scope", *l.response.LocationScope, scope)
		}
	})
	t.Run("019 a role that does not exist", func(t *testing.T) {
		a := withInstance(t)
		refused(t, a.tryRegistering(a.root, "s3://", "arn:aws:iam::"+a.id+":role/nobody"), 400, "InvalidIamRole")
	})
	t.Run("020 a caller who may not pass the role", func(t *testing.T) {
		a := withInstance(t)
		role := a.locationRole()
		only := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`
		refused(t, a.tryRegistering(a.userWho("clerk", only), "s3://", role), 403, "AccessDenied", "iam:PassRole")
		passes := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"},` +
			`{"Effect":"Allow","Action":"iam:PassRole",` +
			`"Resource":"` + role + `","Condition":{"StringEquals":{"iam:PassedToService":"access-grants.s3.amazonaws.com"}}}]}`
		a.check(a.tryRegistering(a.userWho("chief", passes), "s3://", role))
	})
	t.Run("021 what is no S3 prefix", func(t *testing.T) {
		a := withInstance(t)
		b, role := a.bucket(), a.locationRole()
		for _, scope := range []string{b + "/x", "http://" + b, "S3://" + b, "s3:/" + b, "s3://" + b + "/a*b",
			"s3://" + b + "/a?", "s3:///x"} {
			refused(t, a.tryRegistering(a.root, scope, role), 400, "InvalidAccessGrantsLocation")
		}
	})
	t.Run("022 a bucket that does not exist", func(t *testing.T) {
		a := withInstance(t)
		role := a.locationRole()
		refused(t, a.tryRegistering(a.root, "s3://no-bucket-of-"+a.id, role), 400, "InvalidAccessGrantsLocation")
		refused(t, a.tryRegistering(a.root, "s3://"+newAccount(t).bucket(), role), 400, "InvalidAccessGrantsLocation")
	})
	t.Run("023 a scope that is too long", func(t *testing.T) {
		a := withInstance(t)
		b, role := a.bucket(), a.locationRole()
		long := "s3://" + b + "/"
		long += strings.Repeat("x", 2001-len(long))
		err := a.tryRegistering(a.root, long, role)
		if _, status := codeOf(err); status != 400 {
			t.Fatalf("status %d: %v", status, err)
		}
		_, err = a.root.control.CreateAccessGrantsLocation(t.Context(),
			&s3control.CreateAccessGrantsLocationInput{AccountId: &a.id, LocationScope: new(long[:1000]), IAMRoleArn: &role})
		a.check(err)
	})
	t.Run("024 025 the list, whole and by scope", func(t *testing.T) {
		a := withInstance(t)
		b := a.bucket()
		scopes := []string{"s3://", "s3://" + b, "s3://" + b + "/p*"}
		for _, s := range scopes {
			a.registers(s)
		}
		list := func(scope *string) (found []string) {
			out, err := a.root.control.ListAccessGrantsLocations(t.Context(),
				&s3control.ListAccessGrantsLocationsInput{AccountId: &a.id, LocationScope: scope})
			a.check(err)
			for _, l := range out.AccessGrantsLocationsList {
				if l.IAMRoleArn == nil || l.AccessGrantsLocationArn == nil || l.CreatedAt == nil {
					t.Errorf("incomplete: %+v", l)
				}
				found = append(found, *l.LocationScope)
			}
			return found
		}
		same(t, "all", list(nil), scopes)
		same(t, "one", list(new("s3://"+b)), []string{"s3://" + b})
	})
	t.Run("026 027 another role, and a bad one", func(t *testing.T) {
		a := withInstance(t)
		l, other := a.registers("s3://"+a.bucket()), a.locationRole()
		update := func(role string) (*s3control.UpdateAccessGrantsLocationOutput, error) {
			return a.root.control.UpdateAccessGrantsLocation(t.Context(),
				&s3control.UpdateAccessGrantsLocationInput{AccountId: &a.id, AccessGrantsLocationId: &l.id, IAMRoleArn: &role})
		}
		out, err := update(other)
		a.check(err)
		is(t, "scope", *out.LocationScope, l.scope)
		_, err = update("arn:aws:iam::" + a.id + ":role/nobody")
		refused(t, err, 400, "InvalidIamRole")
		got, err := a.root.control.GetAccessGrantsLocation(t.Context(),
			&s3control.GetAccessGrantsLocationInput{AccountId: &a.id, AccessGrantsLocationId: &l.id})
		a.check(err)
		is(t, "role", *got.IAMRoleArn, other)
	})
	t.Run("028 an unknown id", func(t *testing.T) {
		a := withInstance(t)
		role := a.locationRole()
		for _, id := range []string{"00000000-0000-4000-8000-000000000000", "default", "x"} {
			_, err := a.root.control.GetAccessGrantsLocation(t.Context(),
				&s3control.GetAccessGrantsLocationInput{AccountId: &a.id, AccessGrantsLocationId: &id})
			refused(t, err, 404, "NoSuchAccessGrantsLocationError")
			_, err = a.root.control.UpdateAccessGrantsLocation(t.Context(),
				&s3control.UpdateAccessGrantsLocationInput{AccountId: &a.id, AccessGrantsLocationId: &id, IAMRoleArn: &role})
			refused(t, err, 404, "NoSuchAccessGrantsLocationError")
			_, err = a.root.control.DeleteAccessGrantsLocation(t.Context(),
				&s3control.DeleteAccessGrantsLocationInput{AccountId: &a.id, AccessGrantsLocationId: &id})
			refused(t, err, 404, "NoSuchAccessGrantsLocationError")
		}
	})
	t.Run("029 030 a location goes when its grants are gone", func(t *testing.T) {
		a := withInstance(t)
		l := a.registers("s3://" + a.bucket())
		g := l.grants(a.user("alice"), READ, "x/*")
		refused(t, l.isDeleted(), 400, "AccessGrantsLocationNotEmptyError")
		g.isTakenBack()
		a.check(l.isDeleted())
		refused(t, l.isDeleted(), 404, "NoSuchAccessGrantsLocationError")
	})
}

func TestCasesOfQuotas(t *testing.T) {
	few := control.DefaultQuotas
	few.Locations, few.Grants = 3, 4
	s := hosted(t, server.Config{Quotas: few})
	t.Run("053 a location too many", func(t *testing.T) {
		a := s.newAccount(t)
		a.hasInstance()
		b, role := a.bucket(), a.locationRole()
		for _, p := range []string{"a", "b", "c"} {
			a.check(a.tryRegistering(a.root, "s3://"+b+"/"+p+"*", role))
		}
		refused(t, a.tryRegistering(a.root, "s3://"+b+"/d*", role), 409, "AccessGrantsLocationsQuotaExceededError", "3")
	})
	t.Run("054 a grant too many", func(t *testing.T) {
		a := s.newAccount(t)
		a.hasInstance()
		l, alice := a.registers("s3://"+a.bucket()), a.user("alice")
		for _, p := range []string{"a/*", "b/*", "c/*", "d/*"} {
			l.grants(alice, READ, p)
		}
		_, err := a.root.control.CreateAccessGrant(t.Context(), l.grantInput("e/*", READ, alice.arn))
		refused(t, err, 409, "AccessGrantsQuotaExceededError", "4")
	})
}
