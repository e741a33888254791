package gateway_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/internal/fault"
	"latchkey/internal/server"
	"latchkey/internal/store"
)

const elsewhere = "eu-west-1"

func anyRegion(c *server.Config) { c.AnyRegion = true }

// regions is a server in us-east-1 with the bucket lake there and the bucket haus in eu-west-1, an object in each.
func regions(t *testing.T, more ...func(*server.Config)) *world {
	t.Helper()
	w := start(t, more...)
	w.bucket(w.root, "lake")
	w.object("/lake/k", "here")
	w.must(w.root, ask{method: "PUT", path: "/haus", region: elsewhere})
	w.must(w.root, ask{method: "PUT", path: "/haus/k", body: "there", region: elsewhere})
	return w
}

// TestAttack48_ASignatureForAnotherRegion sends every kind of request to a bucket under a signature for another region,
// and gets what S3 answers.
func TestAttack48_ASignatureForAnotherRegion(t *testing.T) {
	w := regions(t)
	policy := onBucket("haus", "Deny", `"*"`, "s3:GetObjectAcl")
	for _, signed := range []string{"us-east-1", "snow", "eu-west-2", "xx-nowhere-9"} {
		for _, a := range []ask{
			{method: "GET", path: "/haus/k"}, {method: "HEAD", path: "/haus/k"}, {method: "HEAD", path: "/haus"},
			{method: "GET", path: "/haus"}, {method: "GET", path: "/haus?uploads"}, {method: "PUT", path: "/haus/n", body: "x"},
			{method: "DELETE", path: "/haus/k"}, {method: "POST", path: "/haus?delete", body: deletion("k")},
			{method: "PUT", path: "/haus/n", header: header("X-Amz-Copy-Source", "haus/k")},
			{method: "PUT", path: "/haus?policy", body: policy}, {method: "GET", path: "/haus?policy"},
			{method: "DELETE", path: "/haus?policy"}, {method: "DELETE", path: "/haus"},
		} {
			a.region = signed
			got := w.do(w.root, a)
			what := a.method + " " + a.path + " signed for " + signed
			named := strings.ReplaceAll(signed, "snow", region)
			wrong := "The authorization header is malformed; the region '" + named + "' is wrong; expecting 'eu-west-1'"
			if a.method == http.MethodHead {
				wrong = ""
			}
			refused(t, what, got, 400, map[bool]string{false: "AuthorizationHeaderMalformed"}[wrong == ""], wrong)
			if got.header.Get("X-Amz-Bucket-Region") != elsewhere {
				t.Errorf("%s: the header says %q", what, got.header.Get("X-Amz-Bucket-Region"))
			}
			if wrong != "" && !strings.Contains(got.body, "<Region>eu-west-1</Region>") {
				t.Errorf("%s: no region in %s", what, got.body)
			}
		}
	}
	presigned := w.send(w.presign(w.root, "GET", "/haus/k", time.Minute, nil))
	refused(t, "presigned", presigned, 400, "AuthorizationQueryParametersError",
		"Error parsing the X-Amz-Credential parameter; the region 'us-east-1' is wrong; expecting 'eu-west-1'")
	if !strings.Contains(presigned.body, "<Region>eu-west-1</Region>") {
		t.Errorf("presigned: no region in %s", presigned.body)
	}
	got := w.do(w.root, ask{method: "GET", path: "/haus/k", region: elsewhere})
	if served(t, "the bucket's own region", got); got.body != "there" {
		t.Errorf("read %q", got.body)
	}
	for what, a := range map[string]ask{
		"ListBuckets":       {method: "GET", path: "/", region: "eu-west-2"},
		"GetBucketLocation": {method: "GET", path: "/haus?location"},
		"snow, here":        {method: "GET", path: "/lake/k", region: "snow"},
		"copy from elsewhere": {method: "PUT", path: "/lake/copy",
			header: header("X-Amz-Copy-Source", "haus/k")},
	} {
		served(t, what, w.do(w.root, a))
	}
	refused(t, "no bucket", w.do(w.root, ask{method: "GET", path: "/none/k", region: elsewhere}), 404, "NoSuchBucket", "")
	stranger := w.root
	stranger.SecretAccessKey += "x"
	wrong := w.do(stranger, ask{method: "GET", path: "/haus/k"})
	if refused(t, "nobody", wrong, 403, "SignatureDoesNotMatch", ""); wrong.header.Get("X-Amz-Bucket-Region") != "" {
		t.Error("who has not signed learns the region")
	}
}

// TestAttack48_TheRegionIsTheBuckets checks that a residency guard on aws:RequestedRegion sees the region of the
// bucket, also where signatures for other regions are accepted.
func TestAttack48_TheRegionIsTheBuckets(t *testing.T) {
	guard := func(region string) string {
		return allow(`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`, `{"Effect":"Deny","Action":"s3:*","Resource":"*",`+
			`"Condition":{"StringNotEquals":{"aws:RequestedRegion":"`+region+`"}}}`)
	}
	for name, more := range map[string][]func(*server.Config){"strict": nil, "any region": {anyRegion}} {
		t.Run(name, func(t *testing.T) {
			w := regions(t, more...)
			alice := w.user("alice", guard("us-east-1"))
			for _, signed := range []string{"us-east-1", elsewhere, "snow"} {
				for _, a := range []ask{
					{method: "GET", path: "/haus/k", region: signed}, {method: "HEAD", path: "/haus", region: signed},
					{method: "PUT", path: "/haus/new", body: "x", region: signed},
					{method: "PUT", path: "/haus/new", header: header("X-Amz-Copy-Source", "lake/k"), region: signed},
					{method: "GET", path: "/haus?location", region: signed},
				} {
					if got := w.do(alice, a); got.status < 400 {
						t.Errorf("%s %s signed for %s: %v", a.method, a.path, signed, got)
					}
				}
			}
			refused(t, "create elsewhere", w.do(alice, ask{method: "PUT", path: "/made", region: elsewhere}), 403,
				"AccessDenied", "with an explicit deny")
			served(t, "create here", w.put(alice, "/mine", ""))
			served(t, "ListBuckets", w.do(alice, ask{method: "GET", path: "/", region: elsewhere}))
			served(t, "here", w.get(alice, "/lake/k"))
			w.policy("alice", guard(elsewhere))
			served(t, "there", w.do(alice, ask{method: "GET", path: "/haus/k", region: elsewhere}))
			refused(t, "ListBuckets under a guard for elsewhere",
				w.do(alice, ask{method: "GET", path: "/", region: elsewhere}), 403, "AccessDenied", "")
			if len(more) > 0 {
				served(t, "there, signed for here", w.get(alice, "/haus/k"))
				refused(t, "here, signed for there", w.do(alice, ask{method: "GET", path: "/lake/k", region: elsewhere}), 403,
					"AccessDenied", "with an explicit deny")
			}
		})
	}
}

// TestAttack48_RecordsHaveTheRealRegion checks the region of the audit records of S3, STS and IAM.
func TestAttack48_RecordsHaveTheRealRegion(t *testing.T) {
	w := regions(t, anyRegion)
	served(t, "HeadBucket", w.do(w.root, ask{method: "HEAD", path: "/haus"}))
	served(t, "ListBuckets", w.do(w.root, ask{method: "GET", path: "/", region: "eu-west-2"}))
	form := ask{method: "POST", path: "/", service: "sts", region: "eu-west-2", header: header("Content-Type",
		"application/x-www-form-urlencoded"), body: "Action=GetCallerIdentity&Version=2011-06-15"}
	served(t, "STS", w.do(w.root, form))
	form.service, form.body = "iam", "Action=ListUsers&Version=2010-05-08"
	served(t, "IAM", w.do(w.root, form))
	served(t, "Access Grants", w.do(w.root, ask{method: "POST", path: control, region: elsewhere}))
	for operation, body := range map[string]string{
		"WhoCan": `{"Target":"s3://haus/*","Permission":"READ"}`, "QueryAudit": `{}`,
	} {
		served(t, operation, w.do(w.root, ask{method: "POST", path: "/", service: "latchkey", region: elsewhere, body: body,
			header: header("X-Amz-Target", "Latchkey."+operation, "Content-Type", "application/x-amz-json-1.1")}))
	}
	records, err := w.server.Control.DB.Events(t.Context(), store.AuditFilter{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"HeadBucket": elsewhere, "ListBuckets": region, "GetCallerIdentity": region, "ListUsers": region,
		"CreateAccessGrantsInstance": elsewhere, "WhoCan": elsewhere, "QueryAudit": region,
	}
	for _, r := range records {
		name := r.Event.EventName
		if is, ok := want[name]; ok {
			if r.Event.AWSRegion != is {
				t.Errorf("%s took place in %s, want %s", name, r.Event.AWSRegion, is)
			}
			delete(want, name)
		}
	}
	if len(want) > 0 {
		t.Errorf("no records of %v", want)
	}
}

// TestAttack48_AMismatchIsRecorded checks that a management operation under a signature for another region leaves a
// record with the reason and the region of the bucket.
func TestAttack48_AMismatchIsRecorded(t *testing.T) {
	w := regions(t)
	refused(t, "PutBucketPolicy", w.put(w.root, "/haus?policy", "{}"), 400, "AuthorizationHeaderMalformed", "")
	records, err := w.server.Control.DB.Events(t.Context(), store.AuditFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		e := r.Event
		if e.EventName == "PutBucketPolicy" && e.Latchkey != nil && e.Latchkey.Reason == string(fault.RegionMismatch) &&
			e.AWSRegion == elsewhere {
			return
		}
	}
	t.Errorf("no record among %d", len(records))
}

// TestAttack48_ARegionThatIsNone signs for regions whose names would mean something else elsewhere.
func TestAttack48_ARegionThatIsNone(t *testing.T) {
	w := regions(t, anyRegion)
	long := strings.Repeat("a", 33)
	for _, name := range []string{"a:b;c", "*", "us-east-?", "US-EAST-1", "us_east_1", long, "eu'west"} {
		for _, a := range []ask{{method: "PUT", path: "/made"}, {method: "GET", path: "/"}, {method: "GET", path: "/lake/k"},
			{method: "GET", path: control + "s"}} {
			a.region = name
			refused(t, a.path+" signed for "+name, w.do(w.root, a), 400, "AuthorizationHeaderMalformed", "is not a region")
		}
	}
	r := w.presign(w.root, "GET", "/lake/k", time.Minute, nil)
	r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "us-east-1", "us-east-1%3Bx", 1)
	refused(t, "presigned", w.send(r), 400, "AuthorizationQueryParametersError", "is not a region")
	if w.get(w.root, "/made").code != "NoSuchBucket" {
		t.Error("a bucket was made in a region that is none")
	}
}
