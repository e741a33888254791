package awswire_test

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/internal/awsapi/iamapi"
	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awsapi/ssoadmin"
	"latchkey/internal/awsapi/ssooidc"
	"latchkey/internal/awswire"
	"latchkey/internal/budget"
	"latchkey/internal/fault"
)

// TestAttack43_DecodersStopAtTheirBudget: a body of many small elements builds no more of them than the budget allows,
// whatever the protocol. The honest body beside it is read.
func TestAttack43_DecodersStopAtTheirBudget(t *testing.T) {
	small := budget.Budget{Elements: 30, Depth: 6}
	many := func(one string) string { return strings.Repeat(one, 100) }
	const form, end = "Action=CreateUser&Version=2010-05-08&UserName=a", "&x"
	for name, c := range map[string]struct {
		op           *awswire.Operation
		labels       awswire.Labels
		honest, evil string
		why          error // nil: the decoder's own
	}{
		"elements of XML": {
			s3.DeleteObjects.Operation, awswire.Labels{"Bucket": "b"},
			"<Delete><Object><Key>k</Key></Object></Delete>", "<Delete>" + many("<Object/>") + "</Delete>", budget.ErrElements,
		},
		"attributes of XML": {
			s3.DeleteObjects.Operation, awswire.Labels{"Bucket": "b"},
			"<Delete><Object><Key>k</Key></Object></Delete>", "<Delete" + many(` a="`+many("x")+`"`) + "/>", budget.ErrTag,
		},
		"values of JSON": {
			ssooidc.RegisterClient.Operation, nil,
			`{"clientName":"c","clientType":"public","redirectUris":["http://127.0.0.1/"]}`,
			`{"clientName":"c","clientType":"public","redirectUris":[` + many(`"",`) + `""]}`, budget.ErrElements,
		},
		"fields of a form":  {iamapi.CreateUser.Operation, nil, form, form + many(end), budget.ErrElements},
		"levels of a field": {iamapi.CreateUser.Operation, nil, form, form + "&" + many("a.") + "a=1", budget.ErrDepth},
		"nodes of a form": {
			iamapi.CreateUser.Operation, nil, form,
			form + "&a.b.c.d.e.f.g.h.i.j.k.l=1&m.n.o.p.q.r.s.t.u.v.w.x.y=1&A.B.C.D.E.F=1", budget.ErrElements,
		},
	} {
		t.Run(name, func(t *testing.T) {
			decode := func(body string) error {
				_, err := awswire.Decode(small, c.op, httptest.NewRequest("POST", "/", nil), c.labels, []byte(body))
				return err
			}
			if err := decode(c.honest); err != nil {
				t.Errorf("the honest body: %v", err)
			}
			err := decode(c.evil)
			if fault.KindOf(err) != fault.Malformed || !strings.Contains(err.Error(), c.why.Error()) {
				t.Errorf("got %v, want %v", err, c.why)
			}
		})
	}
}

// TestAttack43_ListsStopAtTheModelsLength: what stands behind the first element that is one too many is not looked at.
func TestAttack43_ListsStopAtTheModelsLength(t *testing.T) {
	json := func(n int) string {
		more := ""
		if n > 75 {
			more = `,"what"`
		}
		return `{"ResourceArn":"arn:aws:sso:::instance/ssoins-0123456789abcdef","Tags":[{"Key":"k","Value":"v"}` +
			strings.Repeat(`,{"Key":"k","Value":"v"}`, n-1) + more + `]}`
	}
	form := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString("&Tags.member." + itoa(i+1) + ".Key=k&Tags.member." + itoa(i+1) + ".Value=")
		}
		return "Action=TagUser&Version=2010-05-08&UserName=a" + b.String()
	}
	for name, c := range map[string]struct {
		op           *awswire.Operation
		honest, evil string
	}{
		"JSON":   {ssoadmin.TagResource.Operation, json(75), json(76)},
		"a form": {iamapi.TagUser.Operation, form(50), form(51) + "&Tags.member.51.What=1"},
	} {
		t.Run(name, func(t *testing.T) {
			decode := func(body string) error {
				_, err := awswire.Decode(awswire.Usual, c.op, httptest.NewRequest("POST", "/", nil), nil, []byte(body))
				return err
			}
			if err := decode(c.honest); err != nil {
				t.Errorf("the honest body: %v", err)
			}
			err := decode(c.evil)
			if !fault.Is(err, fault.Invalid, fault.Member) ||
				!strings.Contains(err.Error(), "at 'tags' failed to satisfy constraint: Member must have length less than or equal to ") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAttack43_AQueryOfTooManyParameters(t *testing.T) {
	if _, err := awswire.ParseQuery(strings.Repeat("a&", 1000)); err != nil {
		t.Errorf("a thousand: %v", err)
	}
	if _, err := awswire.ParseQuery(strings.Repeat("a&", 1001)); !fault.Is(err, fault.TooLarge, fault.Request) ||
		!errors.Is(err, budget.ErrElements) {
		t.Errorf("one more: %v", err)
	}
}
