package grants_test

import (
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/awserror"
	"latchkey/internal/control"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/grants"
	"latchkey/internal/control/principals"
	"latchkey/internal/fault"
)

const strangerARN = "arn:aws:iam::444455556666:user/stranger"

// shared is a world whose first account has a grant for user stranger of the second account. The stranger's own
// policies allow everything.
func shared(t *testing.T) (*world, controltest.Keys) {
	w := newWorld(t)
	_, keys := w.user(w.otherRoot, "stranger", allow("*", "*"))
	w.grant(strangerARN, "lake/shared/*", access.Read)
	return w, keys
}

func (w *world) share(policy string) {
	w.t.Helper()
	_, err := w.G.PutPolicy(w.t.Context(), w.as(w.root), policy, "")
	must(w.t, err)
}

func TestCase103_104_105_108_DataOfAnotherAccount(t *testing.T) {
	w, keys := shared(t)
	ask := func() error { _, err := w.ask(w.on(account, keys), read("s3://lake/shared/k")); return err }
	t.Run("104 refused without a resource policy", func(t *testing.T) { denied(t, ask(), "s3:GetDataAccess") })
	for _, principal := range []string{strangerARN, "444455556666", "arn:aws:iam::444455556666:root"} {
		w.share(sharing("s3:GetDataAccess", principal))
		t.Run("103 vended when the policy names "+principal, func(t *testing.T) { must(t, ask()) })
	}
	t.Run("103 the credential is a session in the owner's account", func(t *testing.T) {
		v, err := w.ask(w.on(account, keys), read("s3://lake/shared/k"))
		must(t, err)
		if s := w.open(v.Credentials); s.Account != string(account) || v.Grantee.ID != strangerARN {
			t.Errorf("%+v by %v", s, v.Grantee)
		}
	})
	t.Run("refused when the policy shares something else", func(t *testing.T) {
		w.share(sharing("s3:ListCallerAccessGrants", "444455556666"))
		denied(t, ask(), "s3:GetDataAccess")
	})
	t.Run("refused by a condition", func(t *testing.T) {
		w.share(under(sharing("s3:GetDataAccess", "444455556666"), "ArnEquals", "aws:PrincipalArn",
			"arn:aws:iam::444455556666:user/somebody"))
		denied(t, ask(), "s3:GetDataAccess")
	})
	w.share(sharing("s3:GetDataAccess", "444455556666"))
	t.Run("105 refused without an own policy", func(t *testing.T) {
		w.policy(w.otherRoot, "stranger", allow("s3:ListCallerAccessGrants", "*"))
		denied(t, ask(), "s3:GetDataAccess")
		w.policy(w.otherRoot, "stranger", allow("s3:GetDataAccess", instanceARN))
		must(t, ask())
	})
	t.Run("108 refused when the policy is deleted", func(t *testing.T) {
		must(t, w.G.DeletePolicy(t.Context(), w.as(w.root)))
		denied(t, ask(), "s3:GetDataAccess")
	})
}

func TestCase010_AnInstanceIsItsOwnersOnly(t *testing.T) {
	w, keys := shared(t)
	w.share(sharing("s3:GetDataAccess", "444455556666"))
	_, err := w.G.Instance(w.on(account, keys))
	denied(t, err, "s3:GetAccessGrantsInstance")
	_, err = w.G.Instances(w.on(account, keys), "")
	denied(t, err, "s3:ListAccessGrantsInstances")
	_, err = w.G.InstanceForPrefix(w.on(account, keys), "s3://lake")
	denied(t, err, "s3:GetAccessGrantsInstanceForPrefix")
}

func TestCase109_TheInstanceOfAForeignBucket(t *testing.T) {
	w, keys := shared(t)
	find := func(prefix string) (*control.Call, error) {
		c := w.as(keys)
		i, err := w.G.InstanceForPrefix(c, prefix)
		if err == nil && i.ARN() != instanceARN {
			t.Errorf("found %s", i.ARN())
		}
		return c, err
	}
	w.share(sharing("s3:GetAccessGrantsInstanceForPrefix", "444455556666"))
	c, err := find("s3://lake/k")
	must(t, err)
	if c.Target != account {
		t.Errorf("the record is for %s", c.Target)
	}
	same := func(t *testing.T) {
		t.Helper()
		_, missing := find("s3://no-such-bucket/k")
		_, foreign := find("s3://lake/k")
		if missing == nil || foreign == nil || missing.Error() != foreign.Error() {
			t.Errorf("a missing bucket: %v\na foreign one: %v", missing, foreign)
		}
	}
	t.Run("tells nothing of a bucket that is not shared", func(t *testing.T) {
		w.share(sharing("s3:GetDataAccess", "444455556666"))
		same(t)
		_, err := find("s3://lake/k")
		refused(t, err, fault.NotFound, fault.Instance, "AccessGrantsInstanceNotExistsError", 404)
	})
	t.Run("tells nothing to who may not ask", func(t *testing.T) {
		w.share(sharing("s3:GetAccessGrantsInstanceForPrefix", "444455556666"))
		w.policy(w.otherRoot, "stranger", allow("s3:GetDataAccess", "*"))
		same(t)
		_, err := find("s3://lake/k")
		denied(t, err, "s3:GetAccessGrantsInstanceForPrefix")
	})
	t.Run("one's own account need not have an instance", func(t *testing.T) {
		w.policy(w.otherRoot, "stranger", allow("*", "*"))
		_, err := find("s3://foreign/k")
		refused(t, err, fault.NotFound, fault.Instance, "AccessGrantsInstanceNotExistsError", 404)
	})
}

func TestSharedLists(t *testing.T) {
	w, keys := shared(t)
	w.grant(iamARN+"user/u", "lake/private/*", access.Read)
	w.share(sharing("s3:ListCallerAccessGrants", "444455556666"))
	page, err := w.G.CallerGrants(w.on(account, keys), "", false, "", 10)
	must(t, err)
	if len(page.Grants) != 1 || page.Grants[0].Scope.String() != "s3://lake/shared/*" {
		t.Errorf("the stranger's grants are %v", page.Grants)
	}
	_, err = w.G.Grants(t.Context(), w.on(account, keys), grants.GrantFilter{}, "", 10)
	denied(t, err, "s3:ListAccessGrants")
	_, err = w.G.Locations(w.on(account, keys), "", "", 10)
	denied(t, err, "s3:ListAccessGrantsLocations")
	w.share(sharing("s3:ListAccessGrants s3:ListAccessGrantsLocations", "444455556666"))
	all, err := w.G.Grants(t.Context(), w.on(account, keys), grants.GrantFilter{}, "", 10)
	must(t, err)
	locations, err := w.G.Locations(w.on(account, keys), "", "", 10)
	must(t, err)
	if len(all.Grants) != 2 || len(locations.Locations) != 1 {
		t.Errorf("%d grants, %d locations", len(all.Grants), len(locations.Locations))
	}
}

// conditional adds a condition on a key to the statement of a policy.
func conditional(text, key string) string {
	return strings.Replace(text, `"Effect"`, `"Condition":{"StringEquals":{"`+key+`":"x"}},"Effect"`, 1)
}

func TestWhatAResourcePolicyMaySay(t *testing.T) {
	w, _ := shared(t)
	put := func(text string) error {
		_, err := w.G.PutPolicy(t.Context(), w.as(w.root), text, "o-1234567890")
		return err
	}
	good := sharing("s3:GetDataAccess", "444455556666")
	for name, text := range map[string]string{
		"no JSON":                      "{",
		"nothing":                      "",
		"an action that is not shared": sharing("s3:CreateAccessGrant", strangerARN),
		"an action among others":       sharing("s3:GetDataAccess s3:DeleteAccessGrant", strangerARN),
		"a wildcard of actions":        sharing("s3:Get*", strangerARN),
		"everything":                   sharing("*", strangerARN),
		"NotAction":                    strings.Replace(good, `"Action"`, `"NotAction"`, 1),
		"NotAction beside an Action": strings.TrimSuffix(good, "]}") + "," +
			strings.TrimPrefix(strings.Replace(good, `"Action"`, `"NotAction"`, 1), `{"Version":"2012-10-17","Statement":[`),
		"NotResource beside a Resource": strings.TrimSuffix(good, "]}") + "," +
			strings.TrimPrefix(strings.Replace(good, `"Resource"`, `"NotResource"`, 1), `{"Version":"2012-10-17","Statement":[`),
		"another resource":              strings.Replace(good, instanceARN, "arn:aws:s3:::lake", 1),
		"every resource":                strings.Replace(good, instanceARN, "*", 1),
		"another account's instance":    strings.Replace(good, ":111122223333:", ":444455556666:", 1),
		"another region's instance":     strings.Replace(good, "us-east-1", "eu-west-1", 1),
		"a principal that is not known": sharing("s3:GetDataAccess", "arn:aws:iam::444455556666:user/nobody"),
		"an account that is not known":  sharing("s3:GetDataAccess", "999999999999"),
		"a principal in other case":     sharing("s3:GetDataAccess", "arn:aws:iam::444455556666:user/STRANGER"),

		"grants, to which no action applies": strings.Replace(good, instanceARN, instanceARN+"/grant/*", 1),
		"an undocumented condition key":      conditional(good, "aws:SorceAccount"),
		"a condition key of another service": conditional(good, "kms:ViaService"),
		"a condition key of other actions":   conditional(good, "s3:AccessGrantScope"),
	} {
		t.Run("refused: "+name, func(t *testing.T) {
			refused(t, put(text), fault.Invalid, fault.InstancePolicy, "InvalidResourcePolicy", 400)
		})
	}
	t.Run("nothing of a refused policy is kept", func(t *testing.T) {
		_, err := w.G.Policy(w.as(w.root))
		refused(t, err, fault.NotFound, fault.InstancePolicy, "AccessGrantsInstanceResourcePolicyNotExists", 404)
	})
	t.Run("it is read back with ARNs, and keeps its age", func(t *testing.T) {
		must(t, put(good))
		first, err := w.G.Policy(w.as(w.root))
		must(t, err)
		must(t, put(sharing("s3:GetDataAccess", strangerARN)))
		second, err := w.G.Policy(w.as(w.root))
		must(t, err)
		if !strings.Contains(first.Policy, `"arn:aws:iam::444455556666:root"`) ||
			!strings.Contains(second.Policy, strangerARN) ||
			second.Organization != "o-1234567890" || !second.PolicyCreated.Equal(first.PolicyCreated) ||
			first.PolicyCreated.IsZero() {
			t.Errorf("first %+v\nsecond %+v", first, second)
		}
	})
}

func TestAttack26_ARecreatedPrincipalIsAStrangerToAResourcePolicy(t *testing.T) {
	w, _ := shared(t)
	ctx := t.Context()
	_, first := w.user(w.otherRoot, "guest", allow("*", "*"))
	w.share(sharing("s3:ListCallerAccessGrants", "arn:aws:iam::444455556666:user/guest"))
	_, err := w.G.CallerGrants(w.on(account, first), "", false, "", 10)
	must(t, err)
	must(t, w.IAM.DeleteAccessKey(ctx, w.as(w.otherRoot), "guest", first.ID))
	must(t, w.IAM.DeleteInline(ctx, w.as(w.otherRoot), principals.UserNamed("guest"), "p"))
	must(t, w.IAM.DeleteUser(ctx, w.as(w.otherRoot), "guest"))
	_, second := w.user(w.otherRoot, "guest", allow("*", "*"))
	_, err = w.G.CallerGrants(w.on(account, second), "", false, "", 10)
	denied(t, err, "s3:ListCallerAccessGrants")
	i, err := w.G.Policy(w.as(w.root))
	must(t, err)
	if !strings.Contains(i.Policy, "AIDA") || strings.Contains(i.Policy, "guest") {
		t.Errorf("the policy is shown as %s", i.Policy)
	}
}

func TestCallsAcrossAccountsAreInBothLogs(t *testing.T) {
	w, keys := shared(t)
	w.share(sharing("s3:GetDataAccess", "444455556666"))
	before := len(w.Records(t))
	call := w.on(account, keys)
	_, err := w.ask(call, read("s3://lake/shared/k"))
	must(t, err)
	records := w.Records(t)[before:]
	if len(records) != 3 {
		t.Fatalf("%d records", len(records))
	}
	byAccount := map[string]int{}
	ids := map[string]bool{}
	for _, e := range records {
		byAccount[e.EventName+" "+e.RecipientAccountID]++
		ids[e.EventID] = true
		if e.RecipientAccountID == string(other) && (e.Latchkey != nil || e.SharedEventID == "") {
			t.Errorf("the caller's account is told %+v", e)
		}
	}
	if byAccount["Test 111122223333"] != 1 || byAccount["Test 444455556666"] != 1 ||
		byAccount["AssumeRole 111122223333"] != 1 || len(ids) != 3 {
		t.Errorf("records %v, ids %v", byAccount, ids)
	}
	t.Run("but for an account that does not exist in the caller's", func(t *testing.T) {
		before := len(w.Records(t))
		call := w.on("999999999999", keys)
		_, err := w.ask(call, read("s3://lake/shared/k"))
		denied(t, err, "s3:GetDataAccess")
		must(t, w.Finish(t.Context(), call, awserror.Error{Code: "AccessDenied", Message: "no"}))
		if after := w.Records(t)[before:]; len(after) != 1 || after[0].RecipientAccountID != string(other) {
			t.Errorf("recorded as %+v", after)
		}
	})
}
