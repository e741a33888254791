package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
)

func TestCasesOfDataAccess(t *testing.T) {
	l := newLake(t)
	b, alice := l.bucket, l.alice
	l.location.grants(alice, READ, "bob/*")
	l.root.puts(b, "bob/", "bob/x", "bob/y", "bob/images/i.jpg", "bobby/x", "alice/x")

	t.Run("055 the scope itself", func(t *testing.T) {
		began := time.Now()
		c := alice.asks(l.at("bob/*"), READ)
		is(t, "matched", c.matched, l.at("bob/*"))
		is(t, "grantee type", string(c.grantee.GranteeType), "IAM")
		is(t, "grantee", *c.grantee.GranteeIdentifier, alice.arn)
		if !strings.HasPrefix(c.keys.AccessKeyID, "ASIA") || c.keys.SecretAccessKey == "" || c.keys.SessionToken == "" {
			t.Error("the credential is incomplete")
		}
		if d := c.expires.Sub(began); d < 59*time.Minute || d > 61*time.Minute {
			t.Errorf("it lasts %v", d)
		}
	})
	t.Run("056 an object below it", func(t *testing.T) {
		is(t, "matched", alice.asks(l.at("bob/reports/f.txt"), READ).matched, l.at("bob/*"))
	})
	t.Run("057 an object, and no more", func(t *testing.T) {
		c := alice.asks(l.at("bob/x"), READ, minimal, byObject)
		is(t, "matched", c.matched, l.at("bob/x"))
		c.may(reading(b, "bob/x"))
		c.mayNot(reading(b, "bob/y"), listing(b, "bob/"), listing(b, "bob/x"))
	})
	t.Run("057 an object within the whole scope is read, not listed", func(t *testing.T) {
		c := alice.asks(l.at("bob/x"), READ, byObject)
		is(t, "matched", c.matched, l.at("bob/*"))
		c.may(reading(b, "bob/x"), reading(b, "bob/y"))
		c.mayNot(listing(b, "bob/"))
	})
	t.Run("058 the directory's name, and no more", func(t *testing.T) {
		c := alice.asks(l.at("bob/"), READ, minimal)
		is(t, "matched", c.matched, l.at("bob/"))
		c.may(reading(b, "bob/"))
		c.mayNot(reading(b, "bob/x"))
	})
	t.Run("059 the directory's name gives the directory", func(t *testing.T) {
		c := alice.asks(l.at("bob/"), READ)
		is(t, "matched", c.matched, l.at("bob/*"))
		c.may(reading(b, "bob/x"), listing(b, "bob/"))
	})
	t.Run("060 a prefix below, and no more", func(t *testing.T) {
		c := alice.asks(l.at("bob/images/*"), READ, minimal)
		is(t, "matched", c.matched, l.at("bob/images/*"))
		c.may(reading(b, "bob/images/i.jpg"), listing(b, "bob/images/"))
		c.mayNot(reading(b, "bob/x"), listing(b, "bob/"))
	})
	t.Run("061 063 064 outside, wider, more", func(t *testing.T) {
		alice.isRefusedAccess(l.at("bobby/x"), READ)
		alice.isRefusedAccess(l.at("*"), READ)
		alice.isRefusedAccess(l.at("bob/*"), READWRITE)
	})
	t.Run("062 without a slash there is no boundary", func(t *testing.T) {
		carol := l.user("carol")
		l.location.grants(carol, READ, "bob*")
		carol.asks(l.at("bobby/x"), READ).may(reading(b, "bobby/x"), reading(b, "bob/x"))
	})
	t.Run("065 the credential may what was asked, not what was granted", func(t *testing.T) {
		dora := l.user("dora")
		l.location.grants(dora, READWRITE, "p/*")
		reader, writer := dora.asks(l.at("p/*"), READ), dora.asks(l.at("p/*"), WRITE)
		writer.may(writing(b, "p/x"))
		writer.mayNot(reading(b, "p/x"))
		reader.may(reading(b, "p/x"))
		reader.mayNot(writing(b, "p/x"))
	})
	t.Run("066 READ and WRITE do not add up", func(t *testing.T) {
		u := l.user("erin")
		l.location.grants(u, READ, "p/*")
		l.location.grants(u, WRITE, "p/*")
		u.isRefusedAccess(l.at("p/*"), READWRITE)
		u.asks(l.at("p/*"), READ)
		u.asks(l.at("p/*"), WRITE)
	})
	t.Run("067 068 the narrower scope wins, where it has the permission", func(t *testing.T) {
		u := l.user("frank")
		l.location.grants(u, READWRITE, "p/*")
		l.location.grants(u, READ, "p/q/*")
		is(t, "matched for READ", u.asks(l.at("p/q/x"), READ).matched, l.at("p/q/*"))
		is(t, "matched for WRITE", u.asks(l.at("p/q/x"), WRITE).matched, l.at("p/*"))
	})
	t.Run("071 somebody else", func(t *testing.T) {
		l.user("mallory").isRefusedAccess(l.at("bob/*"), READ)
		l.root.isRefusedAccess(l.at("bob/*"), READ) // the root of the account holds no grants
	})
	t.Run("072 a caller who may not ask", func(t *testing.T) {
		u := l.userWho("mute", "")
		l.location.grants(u, READ, "bob/*")
		_, err := u.tryAsking(l.at("bob/*"), READ)
		refused(t, err, 403, "AccessDenied", "s3:GetDataAccess", "no identity-based policy allows")
	})
	t.Run("073 no instance", func(t *testing.T) {
		other := newAccount(t)
		_, err := other.user("alice").tryAsking("s3://b-of-nobody/x", READ)
		refused(t, err, 404, "AccessGrantsInstanceNotExistsError")
	})
	t.Run("074 075 as long as asked, within bounds", func(t *testing.T) {
		for _, d := range []time.Duration{15 * time.Minute, 12 * time.Hour} {
			began := time.Now()
			c := alice.asks(l.at("bob/*"), READ, lasting(d))
			if got := c.expires.Sub(began); got < d-2*time.Minute || got > d+2*time.Minute {
				t.Errorf("asked for %v, it lasts %v", d, got)
			}
		}
		for _, seconds := range []string{"43201", "899", "-1", "0x384", "900.5"} {
			got := alice.asksControl(http.MethodGet, "/accessgrantsinstance/dataaccess",
				url.Values{"target": {l.at("bob/*")}, "permission": {"READ"}, "durationSeconds": {seconds}}, "")
			is(t, "status for "+seconds, got.status, 400)
		}
	})
	t.Run("076 longer than the role allows", func(t *testing.T) {
		name := l.location.role[strings.LastIndex(l.location.role, "/")+1:]
		limit := func(seconds int32) {
			_, err := l.root.iam.UpdateRole(t.Context(), &iam.UpdateRoleInput{RoleName: &name, MaxSessionDuration: &seconds})
			l.check(err)
		}
		limit(3600)
		defer limit(43200)
		_, err := alice.tryAsking(l.at("bob/*"), READ, lasting(2*time.Hour))
		refused(t, err, 400, "StsValidationError", "MaxSessionDuration")
		alice.asks(l.at("bob/*"), READ, lasting(time.Hour))
	})
	t.Run("077 a role that does not trust the service", func(t *testing.T) {
		role := l.role("untrusting", trustsAccount(l.account), mayAnything)
		elsewhere := l.registersWith("s3://"+l.bucket+"/elsewhere/*", role)
		elsewhere.grants(alice, READ, "")
		_, err := alice.tryAsking(l.at("elsewhere/x"), READ)
		refused(t, err, 403, "StsNotAuthorizedError", "access-grants.s3.amazonaws.com", "sts:AssumeRole", role)
	})
	t.Run("124 a bucket whose name begins alike", func(t *testing.T) {
		whole := l.user("grace")
		l.location.grants(whole, READ, "*")
		l.hasBucket(l.bucket + "-secret")
		whole.isRefusedAccess("s3://"+l.bucket+"-secret/x", READ)
		whole.asks(l.at("x"), READ).mayNot(reading(l.bucket+"-secret", "x"))
	})
}

func TestCasesOfKeysThatLookLikePaths(t *testing.T) {
	l := newLake(t)
	b, alice := l.bucket, l.alice
	l.location.grants(alice, READ, "allowed/*")
	l.root.puts(b, "allowed/sentinel", "denied/x", "allowed/../denied/x")

	t.Run("078 a key with dots is a key", func(t *testing.T) {
		c := alice.asks(l.at("allowed/../denied/x"), READ, minimal)
		is(t, "matched", c.matched, l.at("allowed/../denied/x"))
		is(t, "content", c.gets(b, "allowed/../denied/x"), "allowed/../denied/x")
		c.mayNot(reading(b, "denied/x"), reading(b, "allowed/sentinel"))
	})
	t.Run("079 a prefix with dots is no target", func(t *testing.T) {
		_, err := alice.tryAsking(l.at("allowed/../denied/*"), READ)
		refused(t, err, 400, "InvalidRequest")
	})
	t.Run("080 escapes and backslashes are no slashes", func(t *testing.T) {
		alice.isRefusedAccess(l.at("allowed%2Fx"), READ)
		alice.isRefusedAccess(l.at(`allowed\x`), READ)
		alice.isRefusedAccess(l.at("allowed\u2215x"), READ)
	})
}

func TestCasesOfRoles(t *testing.T) {
	l := newLake(t)
	l.root.puts(l.bucket, "team/x")
	t.Run("069 every session of a role has its grants", func(t *testing.T) {
		role := l.role("analyst", trustsAccount(l.account), mayAsk)
		l.location.grantsARN(role, READ, "team/*")
		chief := l.userWho("chief",
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}]}`)
		for _, name := range []string{"alice", "bob"} {
			c := chief.assumes(role, name).asks(l.at("team/*"), READ)
			is(t, "grantee", *c.grantee.GranteeIdentifier, role)
			c.may(reading(l.bucket, "team/x"))
		}
	})
	t.Run("070 a role with a path", func(t *testing.T) {
		role := l.role("/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Data_0123456789abcdef", trustsAccount(l.account),
			mayAsk)
		l.location.grantsARN(role, READ, "team/*")
		is(t, "grantee", *l.chief("chief2").assumes(role, "sso").asks(l.at("team/*"), READ).grantee.GranteeIdentifier, role)
	})
}

// chief is a user who may assume any role.
func (a *account) chief(name string) *actor {
	a.t.Helper()
	return a.userWho(name,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}]}`)
}

// grantsListed are the ids of the account's grants.
func (a *account) grantsListed() (ids []string) {
	a.t.Helper()
	pages := s3control.NewListAccessGrantsPaginator(a.root.control, &s3control.ListAccessGrantsInput{AccountId: &a.id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(a.t.Context())
		a.check(err)
		for _, g := range page.AccessGrantsList {
			ids = append(ids, *g.AccessGrantId)
		}
	}
	return ids
}
