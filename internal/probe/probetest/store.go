// Package probetest is a small S3 store with an STS, which does what a test tells it to do wrong.
//
// It stands for stores that others run. It evaluates session policies with package policy, as AWS does, keeps objects
// in memory, and checks no signatures: what the probe is tried on is what a store does with a session.
package probetest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/broker"
	"latchkey/internal/policy"
)

// Owner are the long-term keys of the store's owner, who may do everything.
var Owner = aws.Credentials{AccessKeyID: "AKIAPROBETESTOWNER00", SecretAccessKey: "probetest-owner-secret"}

// Bucket is the store's only bucket.
const Bucket = "lake"

// Request is what the store decides about.
type Request struct {
	Operation string // GetObject
	Action    string // s3:GetObject
	Key       string // or the prefix of a listing
	Delimiter string
	Base      string // the random prefix of the probe, if Key is below it
}

// Name is the key below the probe's random prefix.
func (r *Request) Name() string { return strings.TrimPrefix(r.Key, r.Base) }

// Store is a store. The fields are what it does wrong; the zero Store does everything right.
type Store struct {
	Allow    func(r *Request, right bool) bool // changes a decision; nil: none
	Forget   map[string]bool                   // operations that answer success and change nothing
	Anyway   map[string]bool                   // operations that are refused and happen all the same
	Answer   func(operation string) int        // answers with this status instead; 0: as usual
	Resource func(pattern string) string       // changes the policies that the STS is given

	NoExpiry, NoToken, OtherToken, Chains, NoSTS, Sticky bool
	// Life is how long sessions last, whatever they are asked for; zero: as asked.
	Life time.Duration
	// ListsOutside adds a key to every listing.
	ListsOutside bool

	mu       sync.Mutex
	objects  map[string]string
	uploads  map[string]string          // key by id
	parts    map[string]string          // content by upload
	sessions map[string]*session        // by access key
	tokens   map[string]*session        // by token
	Requests map[string]map[string]bool // operations that were sent with each access key
	now      func() time.Time
}

type session struct {
	key, token string
	policy     *policy.Document
	expires    time.Time
}

// Start serves the store until the test ends, and returns what a broker needs.
func (s *Store) Start(t testing.TB, now func() time.Time) broker.Settings {
	t.Helper()
	s.objects, s.uploads, s.parts = map[string]string{}, map[string]string{}, map[string]string{}
	s.sessions, s.tokens, s.now = map[string]*session{}, map[string]*session{}, now
	s.Requests = map[string]map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(server.Close)
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return broker.Settings{
		Name: "wrong", Dialect: broker.AWS, RoleARN: "arn:aws:iam::123456789012:role/data", S3Endpoint: at,
		Credentials: broker.Static(Owner), Now: now, Timeout: 10 * time.Second,
	}
}

// Keys lists what is in the store.
func (s *Store) Keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for k := range s.objects {
		all = append(all, k)
	}
	for _, k := range s.uploads {
		all = append(all, "upload of "+k)
	}
	return all
}

var everything = func() *policy.Document {
	d, err := policy.Parse(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
		policy.Identity)
	if err != nil {
		panic(err)
	}
	return d
}()

// may decides a request of a session. nil is the owner.
func (s *Store) may(by *session, r Request) bool {
	if by == nil {
		return true
	}
	if at := strings.Index(r.Key, "latchkey-probe-"); at >= 0 {
		r.Base = r.Key[:at+strings.Index(r.Key[at:]+"/", "/")+1]
	}
	resource, values := "arn:aws:s3:::"+Bucket+"/"+r.Key, policy.Values{}
	if strings.HasPrefix(r.Action, "s3:ListBucket") || r.Action == "s3:GetBucketPolicy" {
		resource = "arn:aws:s3:::" + Bucket
		if r.Key != "" {
			values.Set("s3:prefix", r.Key)
		}
	}
	right := policy.Evaluate(policy.Request{
		Principal: policy.Principal{Kind: policy.User, Account: "123456789012"}, Action: r.Action, Resource: resource,
		ResourceAccount: "123456789012", Context: values,
	}, policy.Policies{
		Identity: []*policy.Document{everything}, Session: []*policy.Document{by.policy}, HasSession: true,
	}).Allowed
	if s.Allow == nil {
		return right
	}
	return s.Allow(&r, right)
}
