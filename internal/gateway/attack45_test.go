package gateway_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// agents is a condition with so many patterns against the user agent, each of which takes some 40,000 steps to compare
// with the longest value.
func agents(patterns int) string {
	list := make([]string, patterns)
	for i := range list {
		list[i] = fmt.Sprintf(`"*a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?b%d*"`, i)
	}
	return `"Condition":{"StringLike":{"aws:UserAgent":[` + strings.Join(list, ",") + `]}}`
}

func deleting(keys int) string {
	var b strings.Builder
	b.WriteString(`<Delete>`)
	for i := range keys {
		fmt.Fprintf(&b, `<Object><Key>k%d</Key></Object>`, i)
	}
	return b.String() + `</Delete>`
}

// If the condition were evaluated for each key, the request would take 40 times more steps than it may.
func TestAttack45_AThousandKeysCostTheirConditionsOnce(t *testing.T) {
	w := start(t)
	w.bucket(w.root, "lake")
	agent := header("User-Agent", strings.Repeat("a", 2048))
	alice := w.user("alice", allow(`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`,
		`{"Effect":"Deny","Action":"s3:DeleteObject","Resource":"*",`+agents(10)+`}`))
	got := w.do(alice, ask{method: "POST", path: "/lake?delete", body: deleting(1000), header: agent})
	served(t, "1,000 keys", got)
	if strings.Contains(got.body, "<Error>") || strings.Count(got.body, "<Deleted>") != 1000 {
		t.Errorf("%.600s", got.body)
	}
}

func TestAttack45_ARequestThatIsTooCostlyIsToldSo(t *testing.T) {
	w := start(t)
	w.bucket(w.root, "lake")
	w.object("/lake/k0", "x")
	alice := w.user("alice", everything)
	w.must(w.root, ask{method: "PUT", path: "/lake?policy", body: allow(`{"Effect":"Deny","Principal":"*",` +
		`"Action":"s3:*","Resource":["arn:aws:s3:::lake","arn:aws:s3:::lake/*"],` + agents(280) + `}`)})
	long := header("User-Agent", strings.Repeat("a", 2048))
	one := w.do(alice, ask{method: "GET", path: "/lake/k0", header: long})
	refused(t, "one key", one, 403, "AccessDenied", "more steps")
	got := w.do(alice, ask{method: "POST", path: "/lake?delete", body: deleting(3), header: long})
	if len(regexp.MustCompile(`<Code>AccessDenied</Code><Message>[^<]*more steps`).FindAllString(got.body, -1)) != 3 {
		t.Errorf("several keys: %d %s", got.status, got.body)
	}
	served(t, "the honest request", w.do(alice, ask{method: "GET", path: "/lake/k0"}))
	if text := w.log.String(); !strings.Contains(text, "policy_too_costly") {
		t.Errorf("the log does not say why: %s", text)
	}
}

// A Deny must not miss a request because its user agent is longer than policies are compared with.
func TestAttack45_AUserAgentThatIsTooLongIsDenied(t *testing.T) {
	w := start(t)
	w.bucket(w.root, "lake")
	w.object("/lake/k0", "x")
	alice := w.user("alice", allow(`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`,
		`{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"StringLike":{"aws:UserAgent":"evil*"}}}`))
	for agent, status := range map[string]int{
		"evil": 403, "evil" + strings.Repeat("x", 50<<10): 403, strings.Repeat("x", 50<<10): 403, "good": 200,
	} {
		got := w.do(alice, ask{method: "GET", path: "/lake/k0", header: header("User-Agent", agent)})
		if got.status != status {
			t.Errorf("%.10s, %d bytes: %v", agent, len(agent), got)
		}
	}
}

// The owner in a listing must not be a hash that anybody can compute from twelve digits.
func TestTheOwnerInListingsIsKeyed(t *testing.T) {
	ids := map[string]bool{}
	for range 2 {
		w := start(t)
		w.bucket(w.root, "lake")
		got := w.must(w.root, ask{method: "GET", path: "/"})
		id := regexp.MustCompile(`<Owner>.*?<ID>([0-9a-f]{64})</ID>`).FindStringSubmatch(got.body)
		if id == nil || id[1] == digest("canonical user id of "+accountA) {
			t.Fatalf("the owner is %q in %s", id, got.body)
		}
		ids[id[1]] = true
		w.object("/lake/k", "x")
		listed := w.must(w.root, ask{method: "GET", path: "/lake?list-type=2&fetch-owner=true"})
		if !strings.Contains(listed.body, id[1]) {
			t.Errorf("another owner in %s", listed.body)
		}
	}
	if len(ids) != 2 {
		t.Errorf("two servers have the same owner: %v", ids)
	}
}
