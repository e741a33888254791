package objects

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/fault"
)

// TestAttack50_ABucketIsFoundByItsNonce checks that a nonce finds and removes the bucket that was made with it, and no
// other one.
func TestAttack50_ABucketIsFoundByItsNonce(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	none := func(err error) { t.Helper(); wantFault(t, err, fault.NotFound, fault.Bucket) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(ctx, dir, Options{})
	must(err)
	must(s.MakeBucket(ctx, "lake", "n1"))
	must(s.closeParts()) // as a crash does; the nonce is durable
	s = openIn(t, dir)   // it has a bucket b, without a nonce
	must(s.MakeBucket(ctx, "lake", "n1"))
	for name, nonces := range map[string][]string{"lake": {"", "n2", "N1"}, "b": {"", "n1"}} {
		for _, nonce := range nonces {
			wantFault(t, s.MakeBucket(ctx, name, nonce), fault.AlreadyExists, fault.BucketOwned)
		}
	}
	must(s.FindBucket(ctx, "lake", "n1"))
	must(s.FindBucket(ctx, "lake", ""))
	none(s.FindBucket(ctx, "lake", "n2"))
	none(s.FindBucket(ctx, "b", "n1"))
	none(s.RemoveBucket(ctx, "lake", "n2"))
	none(s.RemoveBucket(ctx, "b", "n1"))
	must(s.FindBucket(ctx, "lake", "n1"))
	must(s.RemoveBucket(ctx, "lake", "n1"))
	none(s.FindBucket(ctx, "lake", ""))
	must(s.MakeBucket(ctx, "lake", "n2"))
	none(s.FindBucket(ctx, "lake", "n1"))
}

// TestAFolderOfAnOlderVersion opens a folder without nonces. Its buckets stay, and no creation owns them.
func TestAFolderOfAnOlderVersion(t *testing.T) {
	dir := t.TempDir()
	db, err := openDB(filepath.Join(dir, "objects.db"), "", 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		`CREATE TABLE buckets (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, created INTEGER NOT NULL)`,
		`INSERT INTO buckets (name, created) VALUES ('old', 1)`,
	} {
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s, err := Open(context.WithoutCancel(t.Context()), dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.FindBucket(t.Context(), "old", ""); err != nil {
			t.Error(err)
		}
		wantFault(t, s.FindBucket(t.Context(), "old", "n1"), fault.NotFound, fault.Bucket)
		wantFault(t, s.MakeBucket(t.Context(), "old", "n1"), fault.AlreadyExists, fault.BucketOwned)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBucketsAreListed checks that buckets are listed in the order of their names, page by page.
func TestBucketsAreListed(t *testing.T) {
	s := openStore(t) // it has a bucket b
	for _, name := range []string{"a-1", "c", "a-2", "a.3", "a_4"} {
		if err := s.CreateBucket(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	pages := func(prefix *string) (names []string) {
		t.Helper()
		in := &s3.ListBucketsRequest{MaxBuckets: new(int32(2)), Prefix: prefix}
		for {
			out := must(t, s, s3.ListBuckets, in)
			for _, b := range out.Buckets {
				names = append(names, *b.Name)
				if b.CreationDate.IsZero() {
					t.Errorf("%s has no date", *b.Name)
				}
			}
			if out.ContinuationToken == nil {
				return names
			}
			if len(out.Buckets) != 2 {
				t.Fatalf("a page of %d", len(out.Buckets))
			}
			in.ContinuationToken = out.ContinuationToken
		}
	}
	if got, want := pages(nil), []string{"a-1", "a-2", "a.3", "a_4", "b", "c"}; !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
	if got, want := pages(new("a-")), []string{"a-1", "a-2"}; !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
	_, err := call(t, s, s3.ListBuckets, &s3.ListBucketsRequest{BucketRegion: new("eu-west-1")})
	wantFault(t, err, fault.Unsupported, fault.Header)
}
