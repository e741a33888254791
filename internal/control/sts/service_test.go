package sts_test

import (
	"testing"
	"time"

	"latchkey/internal/control/principals"
	"latchkey/internal/control/sts"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
)

const (
	service     = "access-grants.s3.amazonaws.com"
	instanceARN = "arn:aws:s3:us-east-1:123456789012:access-grants/default"
)

func serviceTrust(actions, conditions string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":[` +
		actions + `]` + conditions + `}]}`
}

func TestAssumeForService(t *testing.T) {
	w := newWorld(t)
	const both = `"sts:AssumeRole","sts:SetSourceIdentity"`
	const fenced = `,"Condition":{"StringEquals":{"aws:SourceAccount":"123456789012","aws:SourceArn":"` + instanceARN +
		`"}}`
	role := func(name, trust string) *iam.Role {
		t.Helper()
		return w.roleWith(principals.NewRole{Name: name, Trust: trust})
	}
	full := role("full", serviceTrust(both, fenced))
	plain := role("plain", serviceTrust(`"sts:AssumeRole"`, fenced))
	users := role("users", trusting("sts:AssumeRole", iamARN+"root"))
	stranger := role("stranger",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},`+
			`"Action":"sts:AssumeRole"}]}`)
	future := role("future",
		serviceTrust(both, `,"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2999-01-01T00:00:00Z"}}`))

	ask := func(r *iam.Role, change func(*sts.ServiceAssume)) error {
		t.Helper()
		in := sts.ServiceAssume{
			RoleID:        r.ID,
			RoleARN:       r.ARN(),
			Service:       service,
			SourceAccount: account,
			SourceARN:     instanceARN,
			Duration:      time.Hour,
		}
		if change != nil {
			change(&in)
		}
		got, err := w.STS.AssumeForService(w.by(w.keys), in)
		if err == nil && got.ID != r.ID || err != nil && got != nil {
			t.Errorf("got %v with %v", got, err)
		}
		return err
	}
	text := func(action string, r *iam.Role) string {
		return "User: " + service + " is not authorized to perform: " + action + " on resource: " + r.ARN()
	}
	must(t, ask(full, nil))
	must(t, ask(plain, nil))
	must(t, ask(full, func(in *sts.ServiceAssume) { in.SourceIdentity = "alice" }))
	for name, c := range map[string]struct {
		err  error
		text string
	}{
		"refused: the role trusts its account only": {ask(users, nil), text("sts:AssumeRole", users)},
		"refused: the role trusts another service":  {ask(stranger, nil), text("sts:AssumeRole", stranger)},
		"refused: another account's instance": {ask(full, func(in *sts.ServiceAssume) {
			in.SourceAccount = other
		}), text("sts:AssumeRole", full)},
		"refused: another instance": {ask(full, func(in *sts.ServiceAssume) {
			in.SourceARN += "x"
		}), text("sts:AssumeRole", full)},
		"refused: a source identity it may not set": {ask(plain, func(in *sts.ServiceAssume) {
			in.SourceIdentity = "alice"
		}), text("sts:SetSourceIdentity", plain)},
		"refused: not yet": {ask(future, nil), text("sts:AssumeRole", future)},
		"refused: the role is deleted, or never was": {ask(full, func(in *sts.ServiceAssume) {
			in.RoleID = "AROANONE"
		}), text("sts:AssumeRole", full)},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, c.err, fault.Denied, c.text)
			if !fault.Is(c.err, fault.Denied, fault.ServiceTrust) {
				t.Fatalf("the entity is %q", fault.Of(c.err).Entity)
			}
		})
	}
	t.Run("refused: longer than the role allows", func(t *testing.T) {
		err := ask(full, func(in *sts.ServiceAssume) { in.Duration = 2 * time.Hour })
		refused(t, err, fault.Invalid, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
		if !fault.Is(err, fault.Invalid, fault.SessionDuration) {
			t.Fatalf("the entity is %q", fault.Of(err).Entity)
		}
	})
}
