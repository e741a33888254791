package sts_test

import (
	"testing"
	"time"

	"latchkey/internal/awserror"
	"latchkey/internal/control/sts"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
)

// TestWhyAssumeRoleIsRefused checks the reason of each refusal, and that the record names the person whose context the
// request brought, although no session is made.
func TestWhyAssumeRoleIsRefused(t *testing.T) {
	w := newWorld(t)
	trusts := w.role("trusts", "sts:AssumeRole sts:SetContext", "arn:aws:iam::123456789012:root")
	named := w.role("named", "sts:AssumeRole", w.u.ARN())
	d := w.delegation()
	context := []sts.ProvidedContext{w.context(credential.IdentityContext, d, time.Hour)}
	for _, x := range []struct {
		name   string
		in     sts.AssumeRole
		change func()
		reason fault.Reason
		person string
	}{
		{"no such role", sts.AssumeRole{RoleARN: named.ARN() + "x"}, nil, fault.TrustPolicyDenies, ""},
		{
			"a trust without SetContext", sts.AssumeRole{RoleARN: named.ARN(), Contexts: context}, nil,
			fault.TrustPolicyDenies, d.UserID,
		},
		{"no policy of the user", sts.AssumeRole{RoleARN: trusts.ARN()}, nil, fault.IdentityPolicyDenies, ""},
		{"a person who is disabled", sts.AssumeRole{RoleARN: named.ARN(), Contexts: context}, func() {
			w.SetPerson(t, w.Engine.Current().Person(directory.UserID(d.UserID)), func(u *directory.User) { u.Disabled = true })
		}, fault.UserDisabled, d.UserID},
	} {
		t.Run(x.name, func(t *testing.T) {
			if x.change != nil {
				x.change()
			}
			x.in.SessionName = "session"
			call := w.Call(t, w.keys, "sts", "AssumeRole")
			_, err := w.STS.AssumeRole(t.Context(), call, x.in)
			if err == nil {
				t.Fatal("not refused")
			}
			must(t, w.Finish(t.Context(), call, awserror.Of(awserror.STS, err)))
			records := w.Records(t)
			e := records[len(records)-1]
			if e.EventName != "AssumeRole" || e.Reason() != string(x.reason) || e.Person() != x.person ||
				e.Latchkey.RefusedBy == "" {
				t.Errorf("%s %q of %q: %+v", e.EventName, e.Reason(), e.Person(), e.Latchkey)
			}
		})
	}
}
