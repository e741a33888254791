package e2e

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
)

func TestAttack34_GrantsThatGoWhileTheyAreUsed(t *testing.T) {
	l := newLake(t)
	l.root.puts(l.bucket, "race/x", "stays/x")
	l.location.grants(l.alice, READ, "stays/*")
	for round := range 8 {
		g := l.location.grants(l.alice, READ, "race/*")
		var asking sync.WaitGroup
		var mu sync.Mutex
		var given []*vended
		begun := make(chan struct{}, 4)
		for range 4 {
			asking.Go(func() {
				for n := 0; ; n++ {
					out, err := l.alice.tryAsking(l.at("race/x"), READ)
					if err != nil {
						return
					}
					k := out.Credentials
					c := &vended{actor: l.actor("racer", "",
						aws.Credentials{AccessKeyID: *k.AccessKeyId, SecretAccessKey: *k.SecretAccessKey, SessionToken: *k.SessionToken})}
					mu.Lock()
					given = append(given, c)
					mu.Unlock()
					if n == round {
						begun <- struct{}{}
					}
				}
			})
		}
		<-begun
		g.isTakenBack()
		l.alice.isRefusedAccess(l.at("race/x"), READ) // from the moment of the answer
		asking.Wait()
		for _, c := range given {
			c.mayNot(reading(l.bucket, "race/x"))
		}
	}
	l.alice.asks(l.at("stays/*"), READ).may(reading(l.bucket, "stays/x"))

	t.Run("nothing is vended for what cannot be a location", func(t *testing.T) {
		for _, scope := range []string{"s3://../", "s3://*", "s3://" + l.bucket + "*", "file:///etc",
			"s3://" + l.bucket + "/../other"} {
			if err := l.tryRegistering(l.root, scope, l.location.role); err == nil && scope != "s3://"+l.bucket+"/../other" {
				t.Errorf("%s is a location", scope)
			}
		}
		l.alice.isRefusedAccess("s3://another-bucket/x", READ)
	})
	t.Run("of overlapping locations the winner's role counts", func(t *testing.T) {
		bob := l.user("bob")
		wide := l.registersWith("s3://"+l.bucket+"/", l.role("wide", trustsService, mayAnything))
		narrow := l.registersWith("s3://"+l.bucket+"/stays/*", l.role("nothing", trustsService, ""))
		wide.grants(bob, READ, "*")
		narrow.grants(bob, READ, "")
		// the role of the narrower location has no permissions
		bob.asks(l.at("stays/x"), READ).mayNot(reading(l.bucket, "stays/x"))
		bob.asks(l.at("race/x"), READ).may(reading(l.bucket, "race/x"))
	})
	t.Run("a location's new role ends the credentials of the old one", func(t *testing.T) {
		carol := l.user("carol")
		where := l.registers("s3://" + l.bucket + "/carol*")
		l.root.puts(l.bucket, "carol/x")
		where.grants(carol, READ, "")
		before := carol.asks(l.at("carol/x"), READ)
		nothing := l.role("nothing2", trustsService, "")
		_, err := l.root.control.UpdateAccessGrantsLocation(t.Context(),
			&s3control.UpdateAccessGrantsLocationInput{
				AccountId:              &l.id,
				AccessGrantsLocationId: &where.id,
				IAMRoleArn:             &nothing,
			})
		l.check(err)
		before.mayNot(reading(l.bucket, "carol/x"))
		carol.asks(l.at("carol/x"), READ).mayNot(reading(l.bucket, "carol/x")) // the new role has no permissions
	})
}

func TestAttack36_GrantsOfOthers(t *testing.T) {
	l, m := newLake(t), newLake(t)
	secret := l.location.grants(l.user("bob"), READ, "project-x/*")
	for _, p := range []string{"a/*", "b/*", "c/*"} {
		l.location.grants(l.alice, READ, p)
		m.location.grants(m.alice, READ, p)
	}
	ctx := t.Context()
	t.Run("a member administers nothing", func(t *testing.T) {
		_, err := l.alice.control.ListAccessGrants(ctx, &s3control.ListAccessGrantsInput{AccountId: &l.id})
		refused(t, err, 403, "AccessDenied")
		_, err = l.alice.control.GetAccessGrant(ctx,
			&s3control.GetAccessGrantInput{AccountId: &l.id, AccessGrantId: &secret.id})
		refused(t, err, 403, "AccessDenied")
		_, err = l.alice.control.DeleteAccessGrant(ctx,
			&s3control.DeleteAccessGrantInput{AccountId: &l.id, AccessGrantId: &secret.id})
		refused(t, err, 403, "AccessDenied")
		_, err = l.alice.control.CreateAccessGrant(ctx, l.location.grantInput("project-x/*", READ, l.alice.arn))
		refused(t, err, 403, "AccessDenied")
	})
	t.Run("what exists and what does not look alike to those who may not know", func(t *testing.T) {
		messages := map[string]bool{}
		for _, id := range []string{secret.id, "00000000-0000-4000-8000-000000000000"} {
			got := l.alice.asksControl(http.MethodGet, "/accessgrantsinstance/grant/"+id, nil, "")
			messages[strings.ReplaceAll(got.document(t).Message, id, "ID")] = true
		}
		is(t, "different texts", len(messages), 1)
	})
	t.Run("another account's root is a stranger", func(t *testing.T) {
		for name, err := range map[string]error{
			"list": func() error {
				_, err := m.root.control.ListAccessGrants(ctx, &s3control.ListAccessGrantsInput{AccountId: &l.id})
				return err
			}(),
			"caller": func() error {
				_, err := m.root.control.ListCallerAccessGrants(ctx, &s3control.ListCallerAccessGrantsInput{AccountId: &l.id})
				return err
			}(),
			"delete": func() error {
				_, err := m.root.control.DeleteAccessGrant(ctx,
					&s3control.DeleteAccessGrantInput{AccountId: &l.id, AccessGrantId: &secret.id})
				return err
			}(),
			"policy": func() error {
				_, err := m.root.control.PutAccessGrantsInstanceResourcePolicy(ctx,
					&s3control.PutAccessGrantsInstanceResourcePolicyInput{AccountId: &l.id, Policy: new("{}")})
				return err
			}(),
			"data": func() error { _, err := m.alice.tryAsking(l.at("a/*"), READ, of(l.account)); return err }(),
		} {
			if code, status := codeOf(err); status != 403 {
				t.Errorf("%s: %d %s", name, status, code)
			}
		}
		// A caller cannot reach another account's grant by naming its own account.
		_, err := m.root.control.GetAccessGrant(ctx,
			&s3control.GetAccessGrantInput{AccountId: &m.id, AccessGrantId: &secret.id})
		refused(t, err, 404, "NoSuchAccessGrantError")
		_, err = m.root.control.DeleteAccessGrant(ctx,
			&s3control.DeleteAccessGrantInput{AccountId: &m.id, AccessGrantId: &secret.id})
		refused(t, err, 404, "NoSuchAccessGrantError")
	})
	t.Run("a page token leads on in its own list only", func(t *testing.T) {
		page := func(l *lake, in s3control.ListAccessGrantsInput) (*s3control.ListAccessGrantsOutput, error) {
			in.AccountId, in.MaxResults = &l.id, 2
			return l.root.control.ListAccessGrants(ctx, &in)
		}
		first, err := page(l, s3control.ListAccessGrantsInput{})
		l.check(err)
		token := *first.NextToken
		_, err = page(m, s3control.ListAccessGrantsInput{NextToken: &token})
		refused(t, err, 400, "InvalidRequest")
		_, err = page(l, s3control.ListAccessGrantsInput{NextToken: &token, Permission: "READ"})
		refused(t, err, 400, "InvalidRequest")
		for _, bad := range []string{"x", token + "A", token[1:], strings.ToUpper(token), "MTIz"} {
			_, err = page(l, s3control.ListAccessGrantsInput{NextToken: &bad})
			refused(t, err, 400, "InvalidRequest")
		}
		_, err = l.alice.control.ListCallerAccessGrants(ctx,
			&s3control.ListCallerAccessGrantsInput{AccountId: &l.id, NextToken: &token})
		refused(t, err, 400, "InvalidRequest")
		next, err := page(l, s3control.ListAccessGrantsInput{NextToken: &token})
		l.check(err)
		is(t, "grants on the second page", len(next.AccessGrantsList), 2)
	})
	t.Run("host, header and credential must agree on the account", func(t *testing.T) {
		get := func(who *actor, host, header string) *answer {
			return who.sends(request{
				method: "GET",
				path:   "/v20180820/accessgrantsinstance/grants",
				host:   host + ".s3.latchkey:" + l.site.port,
				header: map[string]string{"X-Amz-Account-Id": header},
			})
		}
		get(m.root, m.id, l.id).mustBe(t, 400, "InvalidRequest")
		get(m.root, l.id, m.id).mustBe(t, 400, "InvalidRequest")
		get(m.root, l.id, l.id).mustBe(t, 403, "AccessDenied")
		get(m.root, m.id, m.id).mustBe(t, 200, "")
	})
}

func TestAttack39_HostileXML(t *testing.T) {
	l := newLake(t)
	document := func(inside string) string {
		return `<CreateAccessGrantRequest xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/">` + inside +
			`</CreateAccessGrantRequest>`
	}
	grantee := `<Grantee><GranteeType>IAM</GranteeType><GranteeIdentifier>` + l.alice.arn +
		`</GranteeIdentifier></Grantee>`
	where := `<AccessGrantsLocationId>` + l.location.id + `</AccessGrantsLocationId>`
	sub := func(s string) string {
		return `<AccessGrantsLocationConfiguration><S3SubPrefix>` + s + `</S3SubPrefix></AccessGrantsLocationConfiguration>`
	}
	honest := where + grantee + sub("ok/*") + `<Permission>READ</Permission>`
	post := func(body string) *answer {
		return l.root.asksControl(http.MethodPost, "/accessgrantsinstance/grant", nil, body)
	}
	for name, body := range map[string]string{
		"an external entity": `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>` +
			document(where+grantee+sub("&e;")+`<Permission>READ</Permission>`),
		"a billion laughs": `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>` +
			document(where+grantee+sub("&b;")+`<Permission>READ</Permission>`),
		"an entity of its own":     document(where + grantee + sub("&nbsp;") + `<Permission>READ</Permission>`),
		"an element twice":         document(honest + `<Permission>READWRITE</Permission>`),
		"a grantee twice":          document(honest + grantee),
		"a second document":        document(honest) + document(honest),
		"text after the end":       document(honest) + "x",
		"an unclosed element":      strings.TrimSuffix(document(honest), "</CreateAccessGrantRequest>"),
		"depth":                    document(strings.Repeat("<a>", 50_000) + strings.Repeat("</a>", 50_000) + honest),
		"a processing instruction": `<?xml-stylesheet href="x"?>` + document(honest),
		"another encoding":         `<?xml version="1.0" encoding="UTF-16"?>` + document(honest),
		"another root":             `<DeleteEverythingRequest>` + honest + `</DeleteEverythingRequest>`,
		"an attribute that is a bomb": `<CreateAccessGrantRequest x="` + strings.Repeat("y", 3<<20) + `">` + honest +
			`</CreateAccessGrantRequest>`,
		"nothing":             "",
		"JSON":                `{"AccessGrantsLocationId":"` + l.location.id + `"}`,
		"a control character": document(where + grantee + sub("a&#0;b") + `<Permission>READ</Permission>`),
		"a comment inside a value": document(where + grantee + sub("ok/*") +
			`<Permission>READ<!-- -->WRITE</Permission>`),
		"a line break in the prefix": document(where + grantee + sub("a\nb/*") + `<Permission>READ</Permission>`),
		"an element of another vocabulary": document(where + grantee + sub("ok/*") +
			`<x:Permission xmlns:x="urn:x">READWRITE</x:Permission>`),
	} {
		got := post(body)
		if got.status < 400 || got.status >= 500 {
			t.Errorf("%s: status %d: %s", name, got.status, tail(string(got.body), 300))
		}
	}
	if ids := l.grantsListed(); len(ids) > 0 {
		t.Errorf("%d grants were made of hostile documents", len(ids))
	}
	post(`<?xml version="1.0" encoding="UTF-8"?>`+"\n"+document(honest)).mustBe(t, 200, "")
	is(t, "grants", len(l.grantsListed()), 1)

	t.Run("a delete list too", func(t *testing.T) {
		l.root.puts(l.bucket, "keep")
		var many strings.Builder
		for i := range 1001 {
			fmt.Fprintf(&many, "<Object><Key>k%d</Key></Object>", i)
		}
		for name, body := range map[string]string{
			"an entity":    `<!DOCTYPE x [<!ENTITY e "keep">]><Delete><Object><Key>&e;</Key></Object></Delete>`,
			"a key twice":  `<Delete><Object><Key>x</Key><Key>keep</Key></Object></Delete>`,
			"too many":     `<Delete>` + many.String() + `</Delete>`,
			"none":         `<Delete></Delete>`,
			"an empty key": `<Delete><Object><Key></Key></Object></Delete>`,
		} {
			got := l.root.sends(request{
				method: http.MethodPost,
				path:   "/" + l.bucket,
				query:  url.Values{"delete": {""}},
				body:   []byte(body),
			})
			if name != "an empty key" && (got.status < 400 || got.status >= 500) {
				t.Errorf("%s: status %d: %s", name, got.status, got.body)
			}
		}
		is(t, "content", l.root.gets(l.bucket, "keep"), "keep")
	})
	t.Run("answers escape what came in", func(t *testing.T) {
		key := `a<b>&"'` + "\u0001"
		l.root.puts(l.bucket, key)
		got := l.root.sends(request{
			method: http.MethodGet,
			path:   "/" + l.bucket,
			query:  url.Values{"list-type": {"2"}, "prefix": {"a<"}, "encoding-type": {"url"}},
		})
		got.mustBe(t, 200, "")
		var list struct {
			Contents []struct{ Key string }
		}
		l.check(xml.Unmarshal(got.body, &list))
		plain, err := url.QueryUnescape(list.Contents[0].Key)
		l.check(err)
		is(t, "key", plain, key)
	})
}
