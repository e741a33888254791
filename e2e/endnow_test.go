package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// A session that is ended at one node ends at the other. Each node lists what the other vended. What an operator
// does on the database itself, while both nodes run, counts on both.
func TestSessionsEndOnBothNodes(t *testing.T) {
	one, two, database := twoNodes(t)
	l := lakeOf(one.first(t))
	g := l.location.grants(l.alice, READ, "data/*")
	alive := func(s *site, c *vended) bool {
		who := s.first(t).actor("vended", "", c.keys)
		_, err := who.sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		return err == nil
	}
	list := func(s *site, args ...string) string {
		return s.latchkey(t, append([]string{"session", "list", "--grant", g.id}, args...)...)
	}
	ends := func(how string, end func(session string)) {
		c := l.alice.asks(l.at("data/*"), READ)
		is(t, how+": the credential before", alive(one, c), true)
		var session struct{ SessionId, Status, LastUsedTime string }
		newest, _, _ := strings.Cut(list(one, "--json"), "\n")
		if err := json.Unmarshal([]byte(newest), &session); err != nil {
			t.Fatalf("%s: %v", newest, err)
		}
		is(t, how+": its status", session.Status, "LIVE")
		is(t, how+": it was used", session.LastUsedTime != "", true)
		is(t, how+": the other node lists it", strings.Contains(list(two), session.SessionId), true)
		end(session.SessionId)
		await(t, how+": it to end on the first node", func() bool { return !alive(one, c) })
		await(t, how+": it to end on the second node", func() bool { return !alive(two, c) })
		is(t, how+": a new credential", alive(one, l.alice.asks(l.at("data/*"), READ)), true)
		is(t, how+": the old one again", alive(one, c), false)
	}
	ends("by the session", func(id string) { two.latchkey(t, "session", "end", "--session", id) })
	ends("by the grant", func(string) { two.latchkey(t, "session", "end", "--grant", g.id) })
	ends("by the user", func(string) { two.latchkey(t, "session", "end", "--user", l.alice.arn) })
	ends("on the database", func(string) {
		two.latchkey(t, "session", "end", "--local", database, "--user", l.alice.arn)
	})

	var key struct{ AccessKeyId, SecretAccessKey string }
	if err := json.Unmarshal([]byte(two.latchkey(t, "recover", database, "--json")), &key); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*site{"first": one, "second": two} {
		root := s.first(t).actor("root", "", aws.Credentials{
			AccessKeyID: key.AccessKeyId, SecretAccessKey: key.SecretAccessKey,
		})
		await(t, "the recovered key to work on the "+name+" node", func() bool {
			_, err := root.sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
			return err == nil
		})
	}
	audit := one.latchkey(t, "audit", "query", "--event", "RecoverRootKey", "--json")
	is(t, "the recovery is recorded", strings.Contains(audit, `"operatingSystemUser":"uid `), true)
}
