package upstream

import (
	"context"
	"errors"
	"slices"
	"testing"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/fault"
)

// answering is a store whose answers the test writes.
type answering func(Call) (any, error)

func (answering) Traits() Traits { return Traits{} }

func (a answering) Do(_ context.Context, call Call) (any, error) { return a(call) }

func names(u Upstream) (all []string, err error) {
	for b, err := range Buckets(context.Background(), u) {
		if err != nil {
			return all, err
		}
		all = append(all, b.Name)
	}
	return all, nil
}

func page(token *string, buckets ...string) *s3.ListBucketsOutput {
	out := &s3.ListBucketsOutput{ContinuationToken: token}
	for i := range buckets {
		out.Buckets = append(out.Buckets, s3.Bucket{Name: &buckets[i]})
	}
	return out
}

func TestBucketsAreListedPageByPage(t *testing.T) {
	u := answering(func(c Call) (any, error) {
		if c.Input.(*s3.ListBucketsRequest).ContinuationToken == nil {
			return page(new("next"), "a", "b"), nil
		}
		return page(nil, "c"), nil
	})
	if got, err := names(u); err != nil || !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestStoresThatListBadly checks that a bad list is not taken for a complete one, and that every list ends.
func TestStoresThatListBadly(t *testing.T) {
	for what, answer := range map[string]answering{
		"the same page again": func(Call) (any, error) { return page(new("next"), "a", "b"), nil },
		"out of order":        func(Call) (any, error) { return page(nil, "b", "a"), nil },
		"without a name":      func(Call) (any, error) { return &s3.ListBucketsOutput{Buckets: make([]s3.Bucket, 1)}, nil },
		"another answer":      func(Call) (any, error) { return &s3.HeadBucketOutput{}, nil },
		"no answer":           func(Call) (any, error) { return nil, errors.New("connection reset") },
	} {
		if got, err := names(answer); err == nil {
			t.Errorf("%s: %v and no failure", what, got)
		}
	}
}

func TestHasBucket(t *testing.T) {
	none := fault.New(fault.NotFound, fault.Bucket, "")
	for what, c := range map[string]struct {
		answer any
		err    error
		has    bool
		fails  bool
	}{
		"it is there":       {&s3.HeadBucketOutput{}, nil, true, false},
		"it is not there":   {nil, none, false, false},
		"no answer":         {nil, errors.New("connection reset"), false, true},
		"something else":    {&s3.ListBucketsOutput{}, nil, false, true},
		"another not found": {nil, fault.New(fault.NotFound, fault.Key, ""), false, true},
	} {
		u := answering(func(call Call) (any, error) {
			if call.Nonce != "n" {
				t.Errorf("%s: the nonce is %q", what, call.Nonce)
			}
			return c.answer, c.err
		})
		if has, err := HasBucket(t.Context(), u, "lake", "n"); has != c.has || (err != nil) != c.fails {
			t.Errorf("%s: %v, %v", what, has, err)
		}
	}
}
