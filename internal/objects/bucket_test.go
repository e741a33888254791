package objects

import (
	"errors"
	"testing"

	"latchkey/internal/fault"
)

func TestBuckets(t *testing.T) {
	s := openStore(t)
	wantFault(t, s.CreateBucket(t.Context(), "b"), fault.AlreadyExists, fault.BucketOwned)
	wantFault(t, s.CreateBucket(t.Context(), ""), fault.Invalid, fault.BucketName)
	wantFault(t, s.HeadBucket(t.Context(), "none"), fault.NotFound, fault.Bucket)
	wantFault(t, s.DeleteBucket(t.Context(), "none"), fault.NotFound, fault.Bucket)
	put(t, s, "k", "")
	wantFault(t, s.DeleteBucket(t.Context(), "b"), fault.InUse, fault.Bucket)
	if err := s.Delete(t.Context(), "b", Delete{Key: "k"}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.HeadBucket(t.Context(), "b"), s.DeleteBucket(t.Context(), "b")); err != nil {
		t.Fatal(err)
	}
	wantFault(t, s.HeadBucket(t.Context(), "b"), fault.NotFound, fault.Bucket)
}

func TestDelete(t *testing.T) {
	s := openStore(t)
	o := put(t, s, "k", "x")
	if err := s.Delete(t.Context(), "b", Delete{Key: "none"}); err != nil {
		t.Errorf("deleting what is not there: %v", err)
	}
	wantFault(t, s.Delete(t.Context(), "none", Delete{Key: "k"}), fault.NotFound, fault.Bucket)
	wantFault(t, s.Delete(t.Context(), "b", Delete{Key: "k", IfMatch: `"00"`}), fault.Precondition, "")
	wantFault(t, s.Delete(t.Context(), "b", Delete{Key: "none", IfMatch: `"00"`}), fault.NotFound, fault.Key)
	if err := s.Delete(t.Context(), "b", Delete{Key: "k", IfMatch: `"` + o.ETag + `"`}); err != nil {
		t.Error(err)
	}
}

// TestAttack29_DeletesAreJudgedKeyByKey checks that a key that is refused does not stop the others, and is not deleted
// with them.
func TestAttack29_DeletesAreJudgedKeyByKey(t *testing.T) {
	s := openStore(t)
	for _, k := range []string{"a", "b", "c", "a/../b"} {
		put(t, s, k, string(pattern(maxInline+1)))
	}
	errs, err := s.DeleteMany(t.Context(), "b",
		[]Delete{{Key: "a"}, {Key: "b", IfMatch: "x"}, {Key: ""}, {Key: "c"}, {Key: "none"}})
	if err != nil {
		t.Fatal(err)
	}
	if errs[0] != nil || errs[3] != nil || errs[4] != nil {
		t.Errorf("got %v", errs)
	}
	wantFault(t, errs[1], fault.Precondition, "")
	wantFault(t, errs[2], fault.Invalid, fault.Argument)
	page, err := s.List(t.Context(), List{Bucket: "b", Max: 10})
	if err != nil || len(page.Objects) != 2 || page.Objects[0].Key != "a/../b" || page.Objects[1].Key != "b" {
		t.Errorf("left are %v, %v", page.Objects, err)
	}
	if _, err := s.DeleteMany(t.Context(), "b", make([]Delete, MaxDeletes+1)); !fault.Is(err, fault.Malformed, fault.XML) {
		t.Errorf("1001 keys: %v", err)
	}
}
