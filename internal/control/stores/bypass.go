package stores

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"latchkey/internal/control/buckets"
	"latchkey/internal/fault"
	"latchkey/internal/store"
	"latchkey/internal/upstreams"
)

// maxBypassBuckets is how many buckets one check looks at.
const maxBypassBuckets = 200

// bypass is a search for ways past the server.
type bypass struct {
	member *upstreams.Member
	checks []Check
}

// Bypass tells whether clients can reach a store beside the server: anonymously, by what the store itself allows, or
// because its address is theirs to reach. It changes nothing, and says what cannot be known from here.
func (s *Stores) Bypass(ctx context.Context, name string) ([]Check, error) {
	m, err := s.member(name)
	if err != nil {
		return nil, err
	}
	var names []string
	for b, err := range store.Buckets.All(ctx, s.Control.DB) {
		if err != nil {
			return nil, err
		}
		if buckets.StoreName(b) == name && m.Serves(b.Name) {
			names = append(names, b.Name)
		}
	}
	slices.Sort(names)
	p := &bypass{member: m}
	p.run("anonymous list of buckets", "", func() (Outcome, string) {
		return p.anonymous(ctx, upstreams.Question{Method: http.MethodGet}, "everybody may list the buckets")
	})
	for i, b := range names {
		if i == maxBypassBuckets {
			p.checks = append(p.checks, Check{Name: "further buckets", Outcome: Skipped,
				Text: fmt.Sprintf("%d buckets were not looked at", len(names)-i)})
			break
		}
		p.bucket(ctx, b)
	}
	p.network(ctx)
	p.checks = append(p.checks,
		Check{Name: "other keys", Outcome: Unknown, Text: "whether others have keys of the store cannot be known from " +
			"here: let its administrator list its users, and leave none but the server's with rights on these buckets"},
		Check{Name: "other networks", Outcome: Unknown, Text: "which networks reach the store cannot be known from here: " +
			"try to connect to its addresses from a client's machine"})
	return p.checks, nil
}

func (p *bypass) run(name, in string, do func() (Outcome, string)) {
	began := time.Now()
	outcome, text := do()
	p.checks = append(p.checks, Check{name, in, outcome, fault.Clip(text, 500), time.Since(began).Milliseconds()})
}

func (p *bypass) bucket(ctx context.Context, b string) {
	p.run("anonymous listing", b, func() (Outcome, string) {
		return p.anonymous(ctx, upstreams.Question{Method: http.MethodGet, Bucket: b, Query: "list-type=2&max-keys=1"},
			"everybody may list the bucket")
	})
	p.run("anonymous reading", b, func() (Outcome, string) { return p.anonymousRead(ctx, b) })
	p.run("bucket policy", b, func() (Outcome, string) { return p.policy(ctx, b) })
	p.run("access control list", b, func() (Outcome, string) { return p.acl(ctx, b) })
	p.run("public access block", b, func() (Outcome, string) { return p.block(ctx, b) })
}

// anonymous asks without a signature. Only a refusal says that others are refused, too.
func (p *bypass) anonymous(ctx context.Context, q upstreams.Question, open string) (Outcome, string) {
	q.Anonymous = true
	a, err := p.member.Ask(ctx, q)
	switch {
	case err != nil:
		return Unknown, err.Error()
	case a.Status < 300:
		return Open, open
	case a.Status == http.StatusForbidden || a.Status == http.StatusUnauthorized:
		return Passed, ""
	}
	return Unknown, fmt.Sprintf("the store answered %d %s", a.Status, codeOf(a))
}

// anonymousRead asks for the head of the bucket's first object.
func (p *bypass) anonymousRead(ctx context.Context, b string) (Outcome, string) {
	a, err := p.member.Ask(ctx, upstreams.Question{Method: http.MethodGet, Bucket: b,
		Query: "encoding-type=url&list-type=2&max-keys=1"})
	if err != nil {
		return Unknown, err.Error()
	}
	var page struct {
		Contents []struct{ Key string }
	}
	if a.Status != http.StatusOK || xml.Unmarshal([]byte(a.Body), &page) != nil {
		return Unknown, fmt.Sprintf("the listing of the bucket was answered with %d %s", a.Status, codeOf(a))
	}
	if len(page.Contents) == 0 {
		return Skipped, "the bucket has no object"
	}
	key, err := url.QueryUnescape(page.Contents[0].Key)
	if err != nil {
		return Unknown, "the store's listing cannot be read"
	}
	return p.anonymous(ctx, upstreams.Question{Method: http.MethodHead, Bucket: b, Key: key},
		fmt.Sprintf("everybody may read %q", key))
}

// none are the codes with which stores say that a bucket has no such configuration.
var none = []string{"NoSuchBucketPolicy", "NoSuchPublicAccessBlockConfiguration"}

// ask asks a question about a bucket's configuration. A nil answer means that the outcome and the text say it all.
func (p *bypass) ask(ctx context.Context, b, query string) (a *Answer, outcome Outcome, text string) {
	a, err := p.member.Ask(ctx, upstreams.Question{Method: http.MethodGet, Bucket: b, Query: query + "="})
	switch {
	case err != nil:
		return nil, Unknown, err.Error()
	case a.Status == http.StatusOK:
		return a, "", ""
	case slices.Contains(none, codeOf(a)):
		return nil, Passed, "the store has none"
	}
	return nil, Unknown, fmt.Sprintf("the store does not say: %d %s", a.Status, codeOf(a))
}

func (p *bypass) policy(ctx context.Context, b string) (Outcome, string) {
	a, outcome, text := p.ask(ctx, b, "policy")
	if a == nil {
		return outcome, text
	}
	status, _, _ := p.ask(ctx, b, "policyStatus")
	if status != nil && strings.Contains(strings.ToLower(status.Body), "<ispublic>true</ispublic>") {
		return Open, "the store has a bucket policy that it calls public"
	}
	if strings.Contains(a.Body, `"*"`) {
		return Open, `the store has a bucket policy with a "*": read whom it lets in`
	}
	return Found, "the store has a bucket policy: whom it lets in passes by the server"
}

// everybody are the groups of an access control list that have strangers in them (S3 user guide, "ACL overview").
var everybody = []string{"global/AllUsers", "global/AuthenticatedUsers"}

func (p *bypass) acl(ctx context.Context, b string) (Outcome, string) {
	a, outcome, text := p.ask(ctx, b, "acl")
	if a == nil {
		return outcome, text
	}
	for _, group := range everybody {
		if strings.Contains(a.Body, group) {
			return Open, "the store's access control list of the bucket lets the group " + group + " in"
		}
	}
	if n := strings.Count(a.Body, "<Grant>"); n > 1 {
		return Found, fmt.Sprintf("the store's access control list of the bucket has %d grants", n)
	}
	return Passed, "the owner alone"
}

func (p *bypass) block(ctx context.Context, b string) (Outcome, string) {
	a, outcome, text := p.ask(ctx, b, "publicAccessBlock")
	switch {
	case a == nil && outcome == Passed:
		return Found, "the store would let a policy or a list make the bucket public"
	case a == nil:
		return outcome, text
	case strings.Count(strings.ToLower(a.Body), ">true<") == 4:
		return Passed, "the store lets nothing make the bucket public"
	}
	return Found, "the store blocks public access in part"
}

// network looks at the addresses of the store.
func (p *bypass) network(ctx context.Context) {
	began := time.Now()
	all, err := p.member.Reach(ctx)
	if err != nil {
		p.checks = append(p.checks, Check{Name: "address", Outcome: Unknown, Text: fault.Clip(err.Error(), 500),
			Took: time.Since(began).Milliseconds()})
	}
	for _, r := range all {
		outcome, text := reached(&r)
		p.checks = append(p.checks, Check{Name: "address " + r.Address.String(), Outcome: outcome, Text: text,
			Took: time.Since(began).Milliseconds()})
	}
	for _, e := range p.member.Endpoints {
		if e.Scheme == "http" && !slices.ContainsFunc(all, func(r upstreams.Reached) bool {
			return r.Endpoint == e.Host && r.Listed && r.Address.Addr().IsLoopback()
		}) {
			p.checks = append(p.checks, Check{Name: "endpoint " + e.Host, Outcome: Found,
				Text: "plain HTTP: who is on the way reads and changes the objects"})
		}
	}
}

// reached says what an address means.
func reached(r *upstreams.Reached) (Outcome, string) {
	a := r.Address.Addr()
	switch {
	case !r.Answers && r.Listed:
		return Unknown, "the store does not answer here"
	case !r.Answers:
		return Passed, "the store does not listen at this other address of the machine"
	case !r.Listed:
		return Open, "the store is configured at an address of this machine alone, but listens at this one, too: bind it " +
			"to the other, or close the port to all but this machine"
	case a.IsLoopback():
		return Passed, "only programs on this machine reach the store here"
	case a.IsPrivate() || a.IsLinkLocalUnicast():
		return Unknown, "the store answers at a private address: whether clients reach it, only their networks tell"
	}
	return Open, "the store answers at a public address: who has keys of the store, or finds a public bucket, passes by"
}
