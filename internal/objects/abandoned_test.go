package objects

import (
	"testing"
	"time"

	"latchkey/internal/fault"
)

func TestAbandonedUploads(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	s, err := Open(t.Context(), t.TempDir(), Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.CreateBucket(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	begin := func(key string) Upload {
		u, err := s.CreateUpload(t.Context(), CreateUpload{Bucket: "b", Key: key})
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	part := func(u Upload, n int) (Part, error) {
		return s.PutPart(t.Context(), PutPart{
			Bucket: "b", Key: u.Key, UploadID: u.ID, Number: n, Body: bodyOf(pattern(maxInline + 1)),
		})
	}
	abandoned, empty, fed := begin("abandoned"), begin("empty"), begin("fed")
	for _, u := range []Upload{abandoned, fed} {
		if _, err := part(u, 1); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(time.Hour)
	young := begin("young")
	second, err := part(fed, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{1, 1, 0} { // one at a time
		if n, err := s.AbortAbandoned(t.Context(), now, 1); n != want || err != nil {
			t.Errorf("call %d: %d uploads, %v", i, n, err)
		}
	}
	for _, u := range []Upload{abandoned, empty} {
		if _, err := part(u, 2); !fault.Is(err, fault.NotFound, fault.Upload) {
			t.Errorf("%s: %v", u.Key, err)
		}
	}
	if _, err := part(young, 1); err != nil {
		t.Errorf("an upload that just began: %v", err)
	}
	parts := []CompletePart{{Number: 2, ETag: second.ETag}}
	done := Complete{Bucket: "b", Key: "fed", UploadID: fed.ID, Size: -1, Parts: parts}
	if _, err := s.Complete(t.Context(), done); err != nil {
		t.Errorf("an upload that had a new part: %v", err)
	}
	checkOrder(t, s)
}
