package e2e

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"latchkey/internal/server"
)

func TestAttack19_AVendedCredentialOnlyTouchesData(t *testing.T) {
	l := newLake(t)
	l.root.puts(l.bucket, "data/x")
	l.location.grants(l.alice, READWRITE, "*")
	everything := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	role := l.role("mighty",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",`+
			`"Principal":{"Service":"access-grants.s3.amazonaws.com","AWS":"*"},"Action":"sts:AssumeRole"}]}`, everything)
	mighty := l.registersWith("s3://"+l.bucket+"/data/*", role)
	mighty.grants(l.alice, READWRITE, "")
	mighty.grantsARN(role, READ, "")
	c := l.alice.asks(l.at("data/*"), READWRITE) // its role may do everything
	c.may(reading(l.bucket, "data/x"), writing(l.bucket, "data/y"))
	ctx := t.Context()
	for name, try := range map[string]func() error{
		"ask for more access": func() error { _, err := c.tryAsking(l.at("data/*"), READ); return err },
		"list its grants": func() error {
			_, err := c.control.ListCallerAccessGrants(ctx, &s3control.ListCallerAccessGrantsInput{AccountId: &l.id})
			return err
		},
		"list all grants": func() error {
			_, err := c.control.ListAccessGrants(ctx, &s3control.ListAccessGrantsInput{AccountId: &l.id})
			return err
		},
		"give a grant": func() error {
			_, err := c.control.CreateAccessGrant(ctx, l.location.grantInput("x/*", READ, l.alice.arn))
			return err
		},
		"tag": func() error {
			arn := l.instanceARN()
			_, err := c.control.TagResource(ctx,
				&s3control.TagResourceInput{AccountId: &l.id, ResourceArn: &arn, Tags: tagged("k", "v")})
			return err
		},
		"assume a role": func() error {
			_, err := c.sts.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("again")})
			return err
		},
		"make a session": func() error { _, err := c.sts.GetSessionToken(ctx, &sts.GetSessionTokenInput{}); return err },
		"make a key": func() error {
			_, err := c.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("alice")})
			return err
		},
		"make a user": func() error {
			_, err := c.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("eve")})
			return err
		},
		"read users": func() error { _, err := c.iam.ListUsers(ctx, &iam.ListUsersInput{}); return err },
	} {
		if err := try(); err == nil {
			t.Errorf("a vended credential may %s", name)
		} else if code, status := codeOf(err); status != 403 {
			t.Errorf("%s: %d %s", name, status, code)
		}
	}
	for _, operation := range []string{"CreateAccount", "QueryAudit", "Explain"} {
		got := c.sends(request{
			method:  http.MethodPost,
			path:    "/",
			service: "latchkey",
			body:    []byte(`{"Principal":"` + l.alice.arn + `","Target":"` + l.at("data/x") + `","Permission":"READ"}`),
			header:  map[string]string{"X-Amz-Target": "Latchkey." + operation, "Content-Type": "application/x-amz-json-1.1"},
		})
		if got.status < 400 {
			t.Errorf("a vended credential may %s: %s", operation, got.body)
		}
	}

	t.Run("a session policy holds for asking too", func(t *testing.T) {
		asker := l.role("asker", trustsAccount(l.account), mayAsk)
		l.location.grantsARN(asker, READ, "data/*")
		chief := l.chief("chief")
		session := func(policy string) *actor {
			out, err := chief.sts.AssumeRole(ctx,
				&sts.AssumeRoleInput{RoleArn: &asker, RoleSessionName: aws.String("narrow"), Policy: &policy})
			l.check(err)
			k := out.Credentials
			return l.actor("narrow", "",
				aws.Credentials{AccessKeyID: *k.AccessKeyId, SecretAccessKey: *k.SecretAccessKey, SessionToken: *k.SessionToken})
		}
		_, err := session(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`).
			tryAsking(l.at("data/*"), READ)
		refused(t, err, 403, "AccessDenied", "no session policy allows the s3:GetDataAccess action")
		session(mayAsk).asks(l.at("data/*"), READ)
	})
}

func TestAttack20_NoChainOutlivesItsBeginning(t *testing.T) {
	var ahead atomic.Int64
	s := hosted(t, server.Config{Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
	l := lakeOf(s.first(t))
	l.root.puts(l.bucket, "data/x")
	a, b := l.role("a", trustsAccount(l.account), mayAsk), l.role("b", trustsAccount(l.account), mayAsk)
	for _, role := range []string{"a", "b"} {
		_, err := l.root.iam.PutRolePolicy(t.Context(),
			&iam.PutRolePolicyInput{RoleName: &role, PolicyName: aws.String("chain"),
				PolicyDocument: aws.String(
					`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}]}`,
				)})
		l.check(err)
	}
	first := l.chief("chief").assumes(a, "one")
	// A session that another session made lasts an hour at most, whatever it asks for and however often (role chaining).
	_, err := first.sts.AssumeRole(t.Context(),
		&sts.AssumeRoleInput{RoleArn: &b, RoleSessionName: aws.String("two"), DurationSeconds: aws.Int32(7200)})
	if _, status := codeOf(err); status != 400 {
		t.Errorf("two hours for a chained session: %v", err)
	}
	second := first.assumes(b, "two")
	_, err = second.sts.GetSessionToken(t.Context(), &sts.GetSessionTokenInput{})
	refused(t, err, 403, "AccessDenied")
	me, err := second.sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	l.check(err)
	is(t, "who it is", *me.Arn, "arn:aws:sts::"+l.id+":assumed-role/b/two")
	ahead.Store(int64(61 * time.Minute))
	_, err = second.sts.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: &a, RoleSessionName: aws.String("three")})
	if code, _ := codeOf(err); code != "ExpiredToken" {
		t.Errorf("an expired session assumes a role: %v", err)
	}
	l.chief("chief2").assumes(a, "fresh")
}

func TestAttack21_WithWhatItWasMadeOfACredentialEnds(t *testing.T) {
	type scene struct {
		*lake
		role string // alice's colleagues share it
		c    *vended
	}
	newScene := func(t *testing.T) *scene {
		l := newLake(t)
		l.root.puts(l.bucket, "data/x")
		l.location.grants(l.alice, READ, "data/*")
		return &scene{l, l.location.role, l.alice.asks(l.at("data/*"), READ)}
	}
	name := func(arn string) *string { return aws.String(arn[strings.LastIndex(arn, "/")+1:]) }
	ctx := t.Context()
	for what, end := range map[string]func(*scene) error{
		"the grant is deleted": func(s *scene) error {
			_, err := s.root.control.DeleteAccessGrant(ctx,
				&s3control.DeleteAccessGrantInput{AccountId: &s.id, AccessGrantId: aws.String(s.grantsListed()[0])})
			return err
		},
		"the access key is deactivated": func(s *scene) error {
			_, err := s.root.iam.UpdateAccessKey(ctx,
				&iam.UpdateAccessKeyInput{
					UserName:    aws.String("alice"),
					AccessKeyId: &s.alice.keys.AccessKeyID,
					Status:      types.StatusTypeInactive,
				})
			return err
		},
		"the access key is deleted": func(s *scene) error {
			_, err := s.root.iam.DeleteAccessKey(ctx,
				&iam.DeleteAccessKeyInput{UserName: aws.String("alice"), AccessKeyId: &s.alice.keys.AccessKeyID})
			return err
		},
		"the user is deleted, and made again": func(s *scene) error {
			if _, err := s.root.iam.DeleteAccessKey(ctx,
				&iam.DeleteAccessKeyInput{UserName: aws.String("alice"), AccessKeyId: &s.alice.keys.AccessKeyID}); err != nil {
				return err
			}
			if _, err := s.root.iam.DeleteUserPolicy(ctx,
				&iam.DeleteUserPolicyInput{UserName: aws.String("alice"), PolicyName: aws.String("inline")}); err != nil {
				return err
			}
			if _, err := s.root.iam.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("alice")}); err != nil {
				return err
			}
			s.user("alice").isRefusedAccess(s.at("data/*"), READ) // another user with the same name
			return nil
		},
		"the location's role is deleted, and made again": func(s *scene) error {
			if _, err := s.root.iam.DeleteRolePolicy(ctx,
				&iam.DeleteRolePolicyInput{RoleName: name(s.role), PolicyName: aws.String("inline")}); err != nil {
				return err
			}
			if _, err := s.root.iam.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name(s.role)}); err != nil {
				return err
			}
			s.account.role(*name(s.role), trustsService, mayAnything)
			_, err := s.alice.tryAsking(s.at("data/*"), READ)
			refused(s.t, err, 403, "StsNotAuthorizedError")
			return nil
		},
		"the location's role loses its policy": func(s *scene) error {
			_, err := s.root.iam.DeleteRolePolicy(ctx,
				&iam.DeleteRolePolicyInput{RoleName: name(s.role), PolicyName: aws.String("inline")})
			return err
		},
	} {
		t.Run(what, func(t *testing.T) {
			s := newScene(t)
			link := s.c.presigns(s.bucket, "data/x")
			s.c.may(reading(s.bucket, "data/x"))
			is(t, "status of the link before", s.c.follows(link).status, 200)
			s.check(end(s))
			s.c.mayNot(reading(s.bucket, "data/x"), listing(s.bucket, "data/"))
			is(t, "status of the link after", s.c.follows(link).status, 403)
			// The access of other users has not changed.
			bob := s.user("bob")
			other := s.registersWith("s3://"+s.bucket+"/data/*", s.locationRole())
			other.grants(bob, READ, "")
			bob.asks(s.at("data/x"), READ).may(reading(s.bucket, "data/x"))
		})
	}
	t.Run("the role that was granted is deleted", func(t *testing.T) {
		s := newScene(t)
		granted := s.account.role("granted", trustsAccount(s.account), mayAsk)
		s.location.grantsARN(granted, READ, "data/*")
		session := s.chief("chief").assumes(granted, "work")
		c := session.asks(s.at("data/*"), READ)
		c.may(reading(s.bucket, "data/x"))
		_, err := s.root.iam.DeleteRolePolicy(ctx,
			&iam.DeleteRolePolicyInput{RoleName: aws.String("granted"), PolicyName: aws.String("inline")})
		s.check(err)
		_, err = s.root.iam.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: aws.String("granted")})
		s.check(err)
		c.mayNot(reading(s.bucket, "data/x"))
		_, err = session.tryAsking(s.at("data/*"), READ)
		refused(t, err, 403, "AccessDenied")
		s.c.may(reading(s.bucket, "data/x"))
	})
	t.Run("a token belongs to its key", func(t *testing.T) {
		s := newScene(t)
		bob := s.user("bob")
		s.location.grants(bob, READWRITE, "*")
		other := bob.asks(s.at("*"), READWRITE)
		mixed := s.c.keys
		mixed.SessionToken = other.keys.SessionToken
		if err := reading(s.bucket, "data/x").do(ctx, s.actor("mixed", "", mixed)); err == nil {
			t.Error("the key of one credential works with the token of another")
		}
		bare := s.c.keys
		bare.SessionToken = ""
		if err := reading(s.bucket, "data/x").do(ctx, s.actor("bare", "", bare)); err == nil {
			t.Error("a temporary key works without its token")
		}
		malleable := s.c.keys
		malleable.SessionToken += "="
		if err := reading(s.bucket, "data/x").do(ctx, s.actor("malleable", "", malleable)); err == nil {
			t.Error("a token works in a second spelling")
		}
		s.c.may(reading(s.bucket, "data/x"))
	})
}
