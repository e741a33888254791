package gateway

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/bucket"
	"latchkey/internal/caller"
	"latchkey/internal/control/buckets"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/principals"
	"latchkey/internal/fault"
	"latchkey/internal/front"
	"latchkey/internal/upstream"
)

// calls counts the calls that reach an upstream.
type calls int

func (n *calls) Traits() upstream.Traits { return upstream.Traits{Flat: true, Nonces: true} }

func (n *calls) Do(context.Context, upstream.Call) (any, error) {
	*n++
	return &s3.PutObjectOutput{}, nil
}

// answered is a request with another answer.
type answered struct {
	*request
	answer func() error
}

func (a answered) Answer() error { return a.answer() }

// TestNothingReachesAnUpstreamUnasked checks that a call that no policy allowed does not reach the upstream.
func TestNothingReachesAnUpstreamUnasked(t *testing.T) {
	w, reached := controltest.New(t), new(calls)
	k, err := (&principals.Principals{Control: w.Control}).EnsureRoot(t.Context(), "123456789012", principals.RootKey{})
	if err != nil {
		t.Fatal(err)
	}
	who, err := w.Authenticate(t, controltest.Keys{ID: k.AccessKeyID, Secret: k.Secret.Reveal()}, "s3")
	if err != nil {
		t.Fatal(err)
	}
	g := &Gateway{
		Control: w.Control, Buckets: &buckets.Buckets{Control: w.Control, Upstream: reached},
		Frame: &front.Frame{Control: w.Control},
	}
	rec, r := httptest.NewRecorder(), httptest.NewRequest("PUT", "/lake/k", nil)
	q := &request{
		Request: r, Exchange: g.Frame.Begin(rec, r, kind), g: g,
		op: s3.PutObject.Operation, row: operations[s3.PutObject.Operation],
	}
	q.begin(who)
	_, err = g.callStore(t.Context(), q, reached, &s3.PutObjectRequest{}, "")
	if err == nil || fault.KindOf(err) != fault.Internal || *reached != 0 {
		t.Errorf("%v, %d calls reached the upstream", err, *reached)
	}
	q.row = row(s3.ListBuckets, spec[s3.ListBucketsRequest]{
		plane: administration, answerer: byRegistry,
		do: func(*Gateway, *request, *s3.ListBucketsRequest) (any, error) { return &s3.ListBucketsOutput{}, nil },
	})
	q.Serve(answered{q, func() (err error) { q.out, err = g.administer(q, &s3.ListBucketsRequest{}); return err }})
	if rec.Code != 500 || !strings.Contains(rec.Body.String(), "InternalError") {
		t.Errorf("the registry: %d %s", rec.Code, rec.Body)
	}
	if err := q.Call.Authorize(caller.Ask{Action: "s3:PutObject", Resource: "arn:aws:s3:::lake/k",
		ResourceAccount: "123456789012"}); err != nil {
		t.Fatal(err)
	}
	if _, err := g.callStore(t.Context(), q, reached, &s3.PutObjectRequest{}, ""); err == nil || *reached != 0 {
		t.Errorf("an operation of the registry: %v, %d calls", err, *reached)
	}
	q.row = row(s3.GetBucketPolicy, spec[s3.GetBucketPolicyRequest]{plane: administration, answerer: byUpstream})
	if _, err := g.callStore(t.Context(), q, reached, &s3.GetBucketPolicyRequest{}, ""); err == nil || *reached != 0 {
		t.Errorf("a configuration of ours: %v, %d calls", err, *reached)
	}
	q.row = operations[s3.PutObject.Operation]
	q.bucket = &bucket.Bucket{Name: "lake", Upstream: "elsewhere"}
	if _, err := g.callUpstream(t.Context(), q, &s3.PutObjectRequest{}, ""); fault.KindOf(err) != fault.Unavailable ||
		*reached != 0 {
		t.Errorf("a bucket of another upstream: %v, %d calls", err, *reached)
	}
	q.bucket = nil
	if _, err := g.callUpstream(t.Context(), q, &s3.PutObjectRequest{}, ""); err == nil || *reached != 0 {
		t.Errorf("no bucket: %v, %d calls", err, *reached)
	}
	q.bucket = &bucket.Bucket{Name: "lake"}
	if _, err := g.callUpstream(t.Context(), q, &s3.PutObjectRequest{}, ""); err != nil || *reached != 1 {
		t.Errorf("asked: %v, %d calls", err, *reached)
	}
}
