package server

import (
	"encoding/json"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/broker"
	"latchkey/internal/bucket"
	"latchkey/internal/store"
	"latchkey/internal/upstreams"
)

// stsFront is a server in front of a store that has an STS, with a location for s3://lake/team/*. The users alice and
// bob may ask for access; alice has a READ grant for team/alice/*, bob a READWRITE grant for team/bob/*.
type stsFront struct {
	*walkWorld
	ahead      *atomic.Int64
	alice, bob aws.Credentials
	location   string
	store      string // URL of the store
}

const locationRights = statement + `"Allow","Action":"s3:*","Resource":["arn:aws:s3:::lake","arn:aws:s3:::lake/*"]}]}`

// newSTSFront makes the server in front. settings is called with the clock that the test moves.
func newSTSFront(t *testing.T, settings func(now func() time.Time) broker.Settings) *stsFront {
	t.Helper()
	f := &stsFront{ahead: new(atomic.Int64)}
	now := func() time.Time { return time.Now().Add(time.Duration(f.ahead.Load())) }
	of := settings(now)
	s := boot(t, Config{Now: now, Upstreams: behind(t, &of)})
	f.walkWorld = &walkWorld{
		t: t, server: s, url: s.URL(), seeded: map[string]string{}, now: now,
		root: aws.Credentials{AccessKeyID: s.Root.AccessKeyID, SecretAccessKey: s.Root.Secret.Reveal()},
	}
	f.store = of.S3Endpoint.String()
	if err := s.engine.Update(t.Context(), func(tx *store.Tx) error {
		return store.Buckets.Insert(tx, &bucket.Bucket{
			Name: "lake", Account: walkAccount, Region: "us-east-1", Upstream: of.Name,
		})
	}); err != nil {
		t.Fatal(err)
	}
	f.must(post(grantsPath, ""))
	f.iam("CreateRole", "RoleName", "location", "AssumeRolePolicyDocument", trustS3)
	f.iam("PutRolePolicy", "RoleName", "location", "PolicyName", "p", "PolicyDocument", locationRights)
	f.keep("location", f.must(post(grantsPath+"/location", location("s3://lake/team/*"))), "AccessGrantsLocationId")
	f.location = f.id("location")
	f.alice, f.bob = f.asker("alice", "READ"), f.asker("bob", "READWRITE")
	return f
}

// behind is the configuration of one upstream with an STS.
func behind(t *testing.T, of *broker.Settings) *upstreams.Config {
	t.Helper()
	keys, err := of.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, err := (&upstreams.Single{
		Name: of.Name, Endpoints: []string{of.S3Endpoint.String()}, File: keysFile(t, keys), Profile: "default", Flat: true,
	}).Config()
	if err != nil {
		t.Fatal(err)
	}
	c.Upstreams[0].STS = &upstreams.STS{
		Endpoint: of.S3Endpoint, Region: "us-east-1", RoleARN: of.RoleARN, Dialect: upstreams.Dialect(of.Dialect),
		MinDuration: of.MinDuration, MaxDuration: of.MaxDuration,
	}
	return c
}

// asker makes a user who may ask for access, with a grant below the user's name.
func (f *stsFront) asker(name, permission string) aws.Credentials {
	f.t.Helper()
	f.iam("CreateUser", "UserName", name)
	f.iam("PutUserPolicy", "UserName", name, "PolicyName", "p", "PolicyDocument",
		statement+`"Allow","Action":"s3:GetDataAccess","Resource":"*"}]}`)
	f.keep("secret of "+name, f.keepKey(name), "SecretAccessKey")
	f.keep("grant of "+name, f.grant(name, name+"/*", permission), "AccessGrantId")
	return aws.Credentials{AccessKeyID: f.id("key of " + name), SecretAccessKey: f.id("secret of " + name)}
}

func (f *stsFront) grant(name, sub, permission string) *got {
	f.t.Helper()
	a := f.tryGrant(name, sub, permission)
	if a.status >= 300 {
		f.t.Fatalf("%d %s", a.status, a.body)
	}
	return a
}

func (f *stsFront) tryGrant(name, sub, permission string) *got {
	f.t.Helper()
	return f.send(f.root, post(grantsPath+"/grant", element("CreateAccessGrantRequest",
		element("AccessGrantsLocationId", f.location),
		element("AccessGrantsLocationConfiguration", element("S3SubPrefix", sub)),
		element("Grantee", element("GranteeType", "IAM"), element("GranteeIdentifier", iamARN+"user/"+name)),
		element("Permission", permission))))
}

// own calls an operation of this server's own, as the root user.
func (f *stsFront) own(op string, in object) *got {
	f.t.Helper()
	return f.send(f.root, call(latchkey.Service, op, in))
}

// vending is the answer about a location's vending.
type vending struct {
	Mode, State, Reason string
	Report              struct {
		Passed, Failed bool
		Prefix         string
		Removed        int
		Left           []string
		Checks         []struct{ Name, Outcome, Text string }
	}
}

func (f *stsFront) vending(op string, in object) vending {
	f.t.Helper()
	in["LocationId"] = f.location
	a := f.own(op, in)
	var v vending
	if err := json.Unmarshal([]byte(a.body), &v); err != nil || a.status != 200 {
		f.t.Fatalf("%s: %d %s", op, a.status, a.body)
	}
	return v
}

func (f *stsFront) state() string { return f.vending("GetLocationVending", object{}).State }

// probes runs what the schedule runs, until nothing is due.
func (f *stsFront) probes() {
	f.t.Helper()
	for next := int64(0); ; {
		var err error
		if next, err = f.server.Grants.ProbeNext(f.t.Context(), next, f.server.engine.Update); err != nil {
			f.t.Fatal(err)
		}
		if next == 0 {
			return
		}
	}
}

// vendsAtStore sets the mode and lets the session of the probe expire.
func (f *stsFront) vendsAtStore() {
	f.t.Helper()
	if v := f.vending("PutLocationVending", object{"Mode": "upstream-sts"}); v.State != "PENDING" || v.Report.Passed {
		f.t.Fatalf("%+v", v)
	}
	f.probes()
	if got := f.state(); got != "PENDING" {
		f.t.Fatalf("before the session has expired it is %s", got)
	}
	f.ahead.Add(int64(15*time.Minute + 10*time.Second))
	f.probes()
	if v := f.vending("GetLocationVending", object{}); v.State != "ACTIVE" || !v.Report.Passed {
		f.t.Fatalf("%+v", v)
	}
}

// ask asks for access to what lies below the location.
func (f *stsFront) ask(k aws.Credentials, target, permission string, more ...string) *got {
	f.t.Helper()
	q := url.Values{"permission": {permission}, "target": {"s3://lake/team/" + target}}
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return f.send(k, get(grantsPath+"/dataaccess?"+q.Encode()))
}

// keysOf are the credentials of an answer.
func keysOf(t testing.TB, a *got) aws.Credentials {
	t.Helper()
	text := func(name string) string {
		_, after, _ := strings.Cut(a.body, "<"+name+">")
		v, _, _ := strings.Cut(after, "<")
		return v
	}
	if a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	expires, err := time.Parse(time.RFC3339, text("Expiration"))
	if err != nil {
		t.Fatal(err)
	}
	return aws.Credentials{
		AccessKeyID: text("AccessKeyId"), SecretAccessKey: text("SecretAccessKey"), SessionToken: text("SessionToken"),
		Expires: expires, CanExpire: true,
	}
}

// newSecond is another Latchkey as the store: with the bucket lake, and a role that the server in front may assume.
func newSecond(t *testing.T, now func() time.Time) (*walkWorld, broker.Settings) {
	t.Helper()
	s := boot(t, Config{Now: now})
	w := &walkWorld{
		t: t, server: s, url: s.URL(), seeded: map[string]string{}, now: now,
		root: aws.Credentials{AccessKeyID: s.Root.AccessKeyID, SecretAccessKey: s.Root.Secret.Reveal()},
	}
	w.must(put("/lake", ""))
	w.iam("CreateUser", "UserName", "front")
	w.iam("PutUserPolicy", "UserName", "front", "PolicyName", "p", "PolicyDocument", allowAll)
	w.keep("secret of front", w.keepKey("front"), "SecretAccessKey")
	w.iam("CreateRole", "RoleName", "data", "AssumeRolePolicyDocument", trustRoot, "MaxSessionDuration", "43200")
	w.iam("PutRolePolicy", "RoleName", "data", "PolicyName", "p", "PolicyDocument",
		statement+`"Allow","Action":"s3:*","Resource":"*"}]}`)
	at, err := url.Parse(w.url)
	if err != nil {
		t.Fatal(err)
	}
	return w, broker.Settings{
		Name: "second", Dialect: broker.Latchkey, S3Endpoint: at, RoleARN: iamARN + "role/data", Now: now,
		Credentials: broker.Static{AccessKeyID: w.id("key of front"), SecretAccessKey: w.id("secret of front")},
	}
}
