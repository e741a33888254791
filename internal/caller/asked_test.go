package caller_test

import (
	"strings"
	"testing"

	"latchkey/internal/caller"
	"latchkey/internal/iam"
	"latchkey/internal/store"
)

// What policies see of the user agent is the same when a request that makes a session is judged again, however long it
// is: one that cannot be remembered is not seen by halves.
func TestTheUserAgentIsJudgedAgainAsItWas(t *testing.T) {
	w := newWorld(t)
	allow := func(condition string) string {
		return strings.TrimSuffix(everything, "}]}") + `,"Condition":{` + condition + `}}]}`
	}
	deny := func(condition string) string {
		return strings.TrimSuffix(everything, "]}") + `,{"Effect":"Deny","Action":"*","Resource":"*","Condition":{` +
			condition + `}}]}`
	}
	agents := map[string]string{ // what is at the end of a long one must count as little as what is at its beginning
		"none": "", "short": "good/1", "as long as fits": "good/1 " + strings.Repeat("x", 249),
		"a byte longer": "good/1 " + strings.Repeat("x", 250), "very long": "good/1 " + strings.Repeat("x", 4000) + " bad",
	}
	for policy, want := range map[string]string{ // of the agents that are long
		everything: "allowed",
		allow(`"StringLike":{"aws:UserAgent":"good*"}`):            "denied",
		allow(`"StringNotLike":{"aws:UserAgent":"*bad*"}`):         "denied",
		allow(`"StringLikeIfExists":{"aws:UserAgent":"*"}`):        "denied",
		allow(`"Null":{"aws:UserAgent":"false"}`):                  "allowed",
		deny(`"StringLike":{"aws:UserAgent":"*bad*"}`):             "denied",
		deny(`"StringNotLike":{"aws:UserAgent":"good*"}`):          "denied",
		deny(`"StringNotLike":{"aws:UserAgent":"*xx*"}`):           "denied",
		deny(`"StringEquals":{"aws:SourceIp":"${aws:UserAgent}"}`): "denied",
	} {
		w.user.Policies = iam.Policies{Inline: []iam.Inline{{Name: "p", Document: policy}}}
		w.change(func(tx *store.Tx) error { return store.Users.Update(tx, &w.user) })
		for name, agent := range agents {
			r := w.Sign(t, w.key, "s3", "")
			r.Header.Set("User-Agent", agent)
			c, _, err := w.Auth.Authenticate(r, "s3", caller.Direct(r, "request-1"))
			must(t, err)
			for _, action := range []string{
				"s3:GetDataAccess", "sts:AssumeRole", "sts:SetContext", "sso-oauth:CreateTokenWithIAM",
			} {
				ask := caller.Ask{Action: action, Resource: "*", ResourceAccount: account}
				then := c.Decide(ask)
				asked := c.Asked()
				again, err := caller.Simulate(w.Engine.Current(), w.user.ID, "", caller.FactsOf(&asked, c.Facts))
				must(t, err)
				now := again.Decide(ask)
				if then.Allowed != now.Allowed || len(agent) > 256 && then.Allowed != (want == "allowed") {
					t.Errorf("%s by an agent that is %s, %s: then %v, now %v", action, name, policy, then.Allowed, now.Allowed)
				}
			}
			data := caller.Ask{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", ResourceAccount: account}
			named := policy == allow(`"StringLike":{"aws:UserAgent":"good*"}`) && agent != "" && len(agent) < 2048
			if named && !c.Decide(data).Allowed {
				t.Errorf("a data request by an agent that is %s is denied", name)
			}
		}
	}
}
