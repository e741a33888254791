package sts_test

import (
	"cmp"
	"fmt"
	"testing"
	"time"

	"latchkey/internal/control/principals"
	"latchkey/internal/control/sts"
	"latchkey/internal/fault"
)

// TestAttack46_AServiceHasTheKeysOfEveryRequest: a trust policy may fence the service as it fences everybody. A Deny on
// a misspelt key holds, and the refusal has the reason.
func TestAttack46_AServiceHasTheKeysOfEveryRequest(t *testing.T) {
	w := newWorld(t)
	i := 0
	for name, x := range map[string]struct {
		fence  string
		reason fault.Reason
		denied bool
	}{
		"without TLS":           {`{"Bool":{"aws:SecureTransport":"false"}}`, "", false},
		"no key for TLS":        {`{"Null":{"aws:SecureTransport":"true"}}`, "", false},
		"another region":        {`{"StringNotEquals":{"aws:RequestedRegion":"us-east-1"}}`, "", false},
		"no user agent":         {`{"Null":{"aws:UserAgent":"true"}}`, "", false},
		"on somebody's behalf":  {`{"Bool":{"aws:ViaAWSService":"true"}}`, "", false},
		"every direct call":     {`{"Bool":{"aws:ViaAWSService":"false"}}`, "", true},
		"a misspelt key":        {`{"StringEquals":{"aws:SorceArn":"x"}}`, fault.ConditionKeyUnknown, true},
		"an address, of a call": {`{"NotIpAddressIfExists":{"aws:SourceIp":"10.0.0.0/8"}}`, "", true},
	} {
		i++
		t.Run(name, func(t *testing.T) {
			trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},` +
				`"Action":"sts:AssumeRole"},{"Effect":"Deny","Principal":"*","Action":"sts:*","Condition":` + x.fence + `}]}`
			role := w.roleWith(principals.NewRole{Name: fmt.Sprintf("service%d", i), Trust: trust})
			_, err := w.STS.AssumeForService(w.by(w.keys), sts.ServiceAssume{
				RoleID: role.ID, RoleARN: role.ARN(), Service: service, SourceAccount: account, SourceARN: instanceARN,
				Duration: time.Hour,
			})
			if (err != nil) != x.denied || err != nil && fault.Of(err).Reason != cmp.Or(x.reason, fault.RoleNotAssumable) {
				t.Errorf("got %v", err)
			}
			if !x.denied {
				return
			}
			as := w.roleWith(principals.NewRole{Name: fmt.Sprintf("own%d", i), Trust: `{"Statement":[
				{"Effect":"Allow","Principal":{"AWS":"` + iamARN + `user/u"},"Action":"sts:AssumeRole"},
				{"Effect":"Deny","Principal":"*","Action":"sts:*","Condition":` + x.fence + `}]}`})
			_, err = w.STS.AssumeRole(t.Context(), w.by(w.keys),
				sts.AssumeRole{RoleARN: as.ARN(), SessionName: "session"})
			if err == nil || fault.Of(err).Reason != cmp.Or(x.reason, fault.TrustPolicyDenies) {
				t.Errorf("AssumeRole: %v", err)
			}
		})
	}
}

// TestAttack46_TheRecordOfASessionPolicySaysSo as the record of a stored policy does.
func TestAttack46_TheRecordOfASessionPolicySaysSo(t *testing.T) {
	w := newWorld(t)
	role := w.roleWith(principals.NewRole{Name: "own", Trust: trusting("sts:AssumeRole", iamARN+"user/u")})
	c := w.by(w.keys)
	_, err := w.STS.AssumeRole(t.Context(), c, sts.AssumeRole{
		RoleARN: role.ARN(), SessionName: "session", Policy: `{"Statement":[{"Effect":"Deny","Action":"s3:*",` +
			`"Resource":"*","Condition":{"StringEquals":{"aws:SorceIp":"x"}}}]}`,
	})
	must(t, err)
	if got := c.Event.Latchkey; got == nil || len(got.PolicyFindings) != 1 {
		t.Errorf("the record has %+v", got)
	}
}
