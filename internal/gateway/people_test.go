package gateway_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/internal/control/controltest"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// company is a world with a directory: alice is in the group analysts, bob in none. The instance of Access Grants is
// associated with it. An engine has a role that acts for people, with no right of its own but to ask for grants.
type company struct {
	*world
	people     *controltest.World
	alice, bob *directory.User
	analysts   *directory.Group
	app        *sso.Application
	engine     awsKeys // of the user that the role trusts
}

const bearer = "arn:aws:iam::" + accountA + ":role/engine"

// namesAnalysts lets the engine name people whose names begin with a.
var namesAnalysts = engineTrust(`,{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + accountA +
	`:user/trino"},"Action":"sts:TagSession","Condition":{"StringLike":{"aws:RequestTag/latchkey:user":"a*"}}}`)

func engineTrust(more string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + accountA +
		`:user/trino"},"Action":["sts:AssumeRole","sts:SetContext"]}` + more + `]}`
}

func newCompany(t *testing.T) *company {
	t.Helper()
	w, _ := resolving(t)
	w.must(w.root, ask{method: http.MethodPost, path: "/", service: "sso", body: "{}", header: http.Header{
		"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"SWBExternalService.ListInstances"}}})
	c := &company{world: w, people: &controltest.World{Control: w.server.Control}}
	c.alice, c.bob = c.people.Person(t, accountA, "alice"), c.people.Person(t, accountA, "bob")
	c.analysts = c.people.Group(t, accountA, "analysts", c.alice)
	c.app = c.people.Application(t, accountA, nil)
	w.must(w.root, ask{method: http.MethodPost, path: control + "/identitycenter",
		body: "<AssociateAccessGrantsIdentityCenterRequest><IdentityCenterArn>" + c.people.Center(t, accountA).ARN() +
			"</IdentityCenterArn></AssociateAccessGrantsIdentityCenterRequest>"})
	w.iam("UpdateAssumeRolePolicy", "RoleName", "loc", "PolicyDocument",
		strings.Replace(trusting, `"sts:AssumeRole"`, `["sts:AssumeRole","sts:SetContext"]`, 1))
	c.engine = w.user("trino", "")
	w.iam("CreateRole", "RoleName", "engine", "AssumeRolePolicyDocument", namesAnalysts)
	w.iam("PutRolePolicy", "RoleName", "engine", "PolicyName", "ask", "PolicyDocument", mayAskOnly)
	return c
}

// grantTo grants something to a person or a group.
func (c *company) grantTo(kind, id, sub, permission string) string {
	c.t.Helper()
	var made struct {
		ID string `xml:"AccessGrantId"`
	}
	c.parse(c.must(c.root, ask{method: http.MethodPost, path: control + "/grant",
		body: "<CreateAccessGrantRequest><AccessGrantsLocationId>default</AccessGrantsLocationId>" +
			"<AccessGrantsLocationConfiguration><S3SubPrefix>" + sub + "</S3SubPrefix></AccessGrantsLocationConfiguration>" +
			"<Grantee><GranteeType>" + kind + "</GranteeType><GranteeIdentifier>" + id + "</GranteeIdentifier></Grantee>" +
			"<Permission>" + permission + "</Permission></CreateAccessGrantRequest>"}), &made)
	return made.ID
}

// proven is a session of the engine's role that acts for a person by an identity context.
func (c *company) proven(u *directory.User) awsKeys {
	c.t.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	token, err := c.server.Control.Ring.SealDelegation(credential.IdentityContext, credential.SealedDelegation{
		Delegation: credential.Delegation{
			IdentityStoreID: string(u.Store), UserID: string(u.ID), ApplicationARN: c.app.ARN(), CredentialID: "c",
			IdentityCenterInstance: sso.InstanceARN(c.app.InstanceID), Scopes: sso.S3Scope,
		}, SignedIn: now, Expires: now.Add(time.Hour),
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return c.temporary(c.query(c.engine, "sts", "AssumeRole", "RoleArn", bearer, "RoleSessionName", "proven",
		"ProvidedContexts.member.1.ProviderArn", "arn:aws:iam::aws:contextProvider/IdentityCenter",
		"ProvidedContexts.member.1.ContextAssertion", token.Reveal()))
}

// naming is the form of an AssumeRole that names somebody.
func naming(name string, more ...string) []string {
	return append([]string{"RoleArn", bearer, "RoleSessionName", "asserted", "Tags.member.1.Key", "latchkey:user",
		"Tags.member.1.Value", name}, more...)
}

// admit lets the default location answer people whom an engine names.
func (c *company) admit(allowed bool) {
	c.t.Helper()
	body, _ := json.Marshal(map[string]any{"LocationId": "default", "Allowed": allowed})
	c.must(c.root, ask{method: http.MethodPost, path: "/", service: "latchkey", body: string(body), header: http.Header{
		"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"Latchkey.PutAssertedIdentities"}}})
}

// lastUse is the last record of a grant that answered requests.
func (c *company) lastUse(event string) (found map[string]any) {
	c.t.Helper()
	records, err := c.server.Control.DB.Events(c.t.Context(), store.AuditFilter{Account: accountA, EventName: event,
		NewestFirst: true, Limit: 1})
	if err != nil || len(records) == 0 {
		c.t.Fatalf("no record of %s: %v", event, err)
	}
	line, err := records[0].Event.JSON()
	if err == nil {
		err = json.Unmarshal(line, &found)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return found
}

// said is a member of a record.
func said(record map[string]any, path ...string) any {
	var v any = record
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

// TestOneRoleServesEverybody checks that the sessions of one role get what the grants of their person allow, proven or
// asserted, and that records tell the two apart.
func TestOneRoleServesEverybody(t *testing.T) {
	c := newCompany(t)
	grant := c.grantTo("DIRECTORY_GROUP", string(c.analysts.ID), "lake/finance/*", "READ")
	c.grantTo("DIRECTORY_USER", string(c.bob.ID), "lake/hr/*", "READWRITE")
	alice, bob := c.proven(c.alice), c.proven(c.bob)
	served(t, "alice, proven", c.get(alice, "/lake/finance/q1.csv"))
	refused(t, "alice at bob's", c.get(alice, "/lake/hr/a"), 403, "AccessDenied", "")
	served(t, "bob, proven", c.put(bob, "/lake/hr/new", "x"))
	if got := strings.Join(c.get(alice, "/lake?delimiter=/").names(), " "); got != "finance/" {
		t.Errorf("alice sees %q", got)
	}
	record := c.lastUse("ResolveGrant")
	if said(record, "latchkey", "identity") != "proven" || said(record, "latchkey", "resolved") != true ||
		said(record, "userIdentity", "onBehalfOf", "userId") != string(c.bob.ID) {
		t.Errorf("the record of a proven person: %v", record)
	}
	asserted := c.temporary(c.query(c.engine, "sts", "AssumeRole", naming("alice")...))
	refused(t, "alice, asserted, at a location that wants proof", c.get(asserted, "/lake/finance/q1.csv"), 403,
		"AccessDenied", "no identity-based policy")
	c.admit(true)
	served(t, "alice, asserted", c.get(asserted, "/lake/finance/q2.csv"))
	record = c.lastUse("ResolveGrant")
	if said(record, "latchkey", "identity") != "asserted" || said(record, "latchkey", "grantId") != grant ||
		said(record, "userIdentity", "onBehalfOf", "userId") != string(c.alice.ID) {
		t.Errorf("the record of an asserted person: %v", record)
	}
	record = c.lastUse("AssumeRole")
	if said(record, "latchkey", "identity") != "asserted" ||
		said(record, "userIdentity", "onBehalfOf", "userId") != string(c.alice.ID) {
		t.Errorf("the record of AssumeRole: %v", record)
	}
	vended := c.vend(asserted, "s3://lake/finance/*", "READ")
	served(t, "a credential that was vended to alice, asserted", c.get(vended, "/lake/finance/q1.csv"))
	c.admit(false)
	refused(t, "alice, when the location wants proof again", c.get(asserted, "/lake/finance/q2.csv"), 403,
		"AccessDenied", "")
	refused(t, "and the credential", c.get(vended, "/lake/finance/q1.csv"), 403, "AccessDenied", "")
	served(t, "alice, proven, still", c.get(alice, "/lake/finance/q1.csv"))
	c.admit(true)
	c.people.Leave(t, c.analysts, c.alice)
	refused(t, "alice, proven, out of the group", c.get(alice, "/lake/finance/q1.csv"), 403, "AccessDenied", "")
	refused(t, "alice, asserted, out of the group", c.get(asserted, "/lake/finance/q1.csv"), 403, "AccessDenied", "")
}

// TestAttack19_WhomAnEngineMayName tries to act for somebody by a tag in ways that nobody allowed.
func TestAttack19_WhomAnEngineMayName(t *testing.T) {
	c := newCompany(t)
	c.admit(true)
	c.grantTo("DIRECTORY_USER", string(c.alice.ID), "lake/finance/*", "READ")
	c.grantTo("DIRECTORY_USER", string(c.bob.ID), "lake/hr/*", "READ")
	try := func(k awsKeys, pairs ...string) *answer {
		t.Helper()
		form := ""
		for i := 0; i < len(pairs); i += 2 {
			form += "&" + pairs[i] + "=" + strings.NewReplacer(":", "%3A", "/", "%2F", "@", "%40").Replace(pairs[i+1])
		}
		return c.do(k, ask{method: "POST", path: "/", service: "sts", body: "Action=AssumeRole&Version=2011-06-15" + form,
			header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}})
	}
	served(t, "a name that the trust policy admits", try(c.engine, naming("alice")...))
	refused(t, "another name", try(c.engine, naming("bob")...), 403, "AccessDenied", "sts:TagSession")
	refused(t, "a name in other letters", try(c.engine, naming("aLICE")...), 403, "AccessDenied", "no enabled user")
	refused(t, "a name that nobody has", try(c.engine, naming("anna")...), 403, "AccessDenied", "no enabled user")
	refused(t, "an address", try(c.engine, naming("alice@example.org")...), 403, "AccessDenied", "no enabled user")
	refused(t, "the key in other letters", try(c.engine, "RoleArn", bearer, "RoleSessionName", "ss", "Tags.member.1.Key",
		"Latchkey:User", "Tags.member.1.Value", "alice"), 400, "", "is written latchkey:user")
	refused(t, "a transitive name", try(c.engine, naming("alice", "TransitiveTagKeys.member.1", "latchkey:user")...), 403,
		"AccessDenied", "not passed on")
	asserted := c.temporary(c.query(c.engine, "sts", "AssumeRole", naming("alice")...))
	c.iam("UpdateAssumeRolePolicy", "RoleName", "engine", "PolicyDocument", strings.ReplaceAll(namesAnalysts,
		`{"AWS":"arn:aws:iam::`+accountA+`:user/trino"}`, `{"AWS":["arn:aws:iam::`+accountA+`:user/trino","`+bearer+`"]}`))
	refused(t, "a session of somebody names another", try(asserted, naming("anna")...), 403, "AccessDenied", "")
	refused(t, "a session of somebody makes one of nobody", try(asserted, "RoleArn", bearer, "RoleSessionName", "ss"), 403,
		"AccessDenied", "")
	served(t, "and still works itself", c.get(asserted, "/lake/finance/q1.csv"))
	for name, more := range map[string]string{
		"tags at will": `,{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + accountA +
			`:user/trino"},"Action":"sts:TagSession"}`,
		"a condition on another tag": `,{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + accountA +
			`:user/trino"},"Action":"sts:TagSession","Condition":{"StringLikeIfExists":{"aws:RequestTag/team":"*"}}}`,
		"a condition that a missing name fulfils": `,{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + accountA +
			`:user/trino"},"Action":"sts:TagSession","Condition":{"StringNotLike":{"aws:RequestTag/latchkey:user":"b*"}}}`,
	} {
		c.iam("UpdateAssumeRolePolicy", "RoleName", "engine", "PolicyDocument", engineTrust(more))
		refused(t, "trust with "+name, try(c.engine, naming("alice")...), 403, "AccessDenied", "sts:TagSession")
		refused(t, "a session from before, with "+name, c.get(asserted, "/lake/finance/q1.csv"), 403, "AccessDenied", "")
		served(t, "other tags, with "+name, try(c.engine, "RoleArn", bearer, "RoleSessionName", "ss",
			"Tags.member.1.Key", "team", "Tags.member.1.Value", "data"))
	}
	c.iam("UpdateAssumeRolePolicy", "RoleName", "engine", "PolicyDocument", namesAnalysts)
	served(t, "with the old trust", c.get(asserted, "/lake/finance/q1.csv"))
	t.Run("a name that changes hands", func(t *testing.T) {
		c.people.SetPerson(t, c.alice, func(u *directory.User) { u.UserName = "alina" })
		c.people.SetPerson(t, c.bob, func(u *directory.User) { u.UserName = "alice" })
		refused(t, "the session of who had the name", c.get(asserted, "/lake/finance/q1.csv"), 403, "AccessDenied",
			"key_of_person_changed")
		now := c.temporary(c.query(c.engine, "sts", "AssumeRole", naming("alice")...))
		refused(t, "who has it now, at the other's", c.get(now, "/lake/finance/q1.csv"), 403, "AccessDenied", "")
		served(t, "who has it now", c.get(now, "/lake/hr/a"))
		c.people.SetPerson(t, c.bob, func(u *directory.User) {
			u.UserName = "alice"
			u.Disabled = true
		})
		refused(t, "who is disabled", c.get(now, "/lake/hr/a"), 403, "AccessDenied", "user_disabled")
		refused(t, "naming who is disabled", try(c.engine, naming("alice")...), 403, "AccessDenied", "no enabled user")
	})
}
