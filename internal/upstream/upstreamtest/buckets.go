package upstreamtest

import (
	"slices"
	"time"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/fault"
	"latchkey/internal/upstream"
)

func (s *suite) hasBucket(name, nonce string, want bool) {
	s.Helper()
	if has, err := upstream.HasBucket(s.Context(), s.u, name, nonce); err != nil || has != want {
		s.Errorf("the bucket made with %q is there: %v, %v, want %v", nonce, has, err, want)
	}
}

// bucketMade makes a bucket once. The upstream must refuse every other creation of the name.
func bucketMade(s *suite) {
	name, nonce := newName(), newName()
	s.hasBucket(name, "", false)
	if _, err := s.create(name, nonce); err != nil {
		s.Fatal(err)
	}
	s.hasBucket(name, "", true)
	for what, other := range map[string]string{"another nonce": newName(), "no nonce": ""} {
		_, err := s.create(name, other)
		s.refused("a creation with "+what, err, fault.AlreadyExists, fault.Bucket, fault.BucketOwned)
	}
	must(s, s3.DeleteBucket, &s3.DeleteBucketRequest{Bucket: &name}, nil)
	s.hasBucket(name, "", false)
	if _, err := s.create(name, newName()); err != nil {
		s.Errorf("the name of a deleted bucket: %v", err)
	}
}

// bucketNonces asks about a bucket by its nonce. The nonce must find the bucket that was made with it, and no other
// one.
func bucketNonces(s *suite) {
	name, nonce := newName(), newName()
	if _, err := s.create(name, nonce); err != nil {
		s.Fatal(err)
	}
	remove := func(nonce string) error {
		_, err := s.u.Do(s.Context(), upstream.Call{
			Meta:      upstream.Meta{Nonce: nonce},
			Operation: s3.DeleteBucket.Operation,
			Input:     &s3.DeleteBucketRequest{Bucket: &name},
		})
		return err
	}
	if !s.u.Traits().Nonces {
		s.hasBucket(name, nonce, false)
		s.hasBucket(name, "", true)
		_, err := s.create(name, nonce)
		s.refused("the same creation again", err, fault.AlreadyExists, fault.Bucket, fault.BucketOwned)
		return
	}
	if _, err := s.create(name, nonce); err != nil {
		s.Errorf("the same creation again: %v", err)
	}
	s.hasBucket(name, nonce, true)
	s.hasBucket(name, newName(), false)
	s.refused("DeleteBucket of another creation", remove(newName()), fault.NotFound, fault.Bucket)
	s.hasBucket(name, nonce, true)
	if err := remove(nonce); err != nil {
		s.Error(err)
	}
	s.hasBucket(name, "", false)
	if _, err := s.create(name, newName()); err != nil {
		s.Fatal(err)
	}
	s.hasBucket(name, nonce, false) // a new bucket is not the old one
	s.refused("DeleteBucket by the old nonce", remove(nonce), fault.NotFound, fault.Bucket)
}

func bucketInUse(s *suite) {
	s.put("k", content(1, 10))
	_, err := do(s, s3.DeleteBucket, &s3.DeleteBucketRequest{Bucket: &s.bucket}, nil)
	s.refused("DeleteBucket", err, fault.InUse, fault.Bucket)
	s.has("k", content(1, 10))
	must(s, s3.DeleteObject, &s3.DeleteObjectRequest{Bucket: &s.bucket, Key: new("k")}, nil)
	must(s, s3.DeleteBucket, &s3.DeleteBucketRequest{Bucket: &s.bucket}, nil)
	_, err = do(s, s3.PutObject, &s3.PutObjectRequest{Bucket: &s.bucket, Key: new("k")}, bodyOf(nil))
	s.refused("PutObject after that", err, fault.NotFound, fault.Bucket)
}

func bucketList(s *suite) {
	made := []string{s.bucket, s.newBucket(), s.newBucket()}
	slices.Sort(made)
	var got, all []string
	for b, err := range upstream.Buckets(s.Context(), s.u) {
		if err != nil {
			s.Fatal(err)
		}
		all = append(all, b.Name)
		if slices.Contains(made, b.Name) {
			got = append(got, b.Name)
			if age := time.Since(b.Created); age < -time.Hour || age > time.Hour {
				s.Errorf("%s was made at %v", b.Name, b.Created)
			}
		}
	}
	if !slices.Equal(got, made) || !slices.IsSorted(all) {
		s.Errorf("listed %v, want %v among them in order", all, made)
	}
	page := must(s, s3.ListBuckets, &s3.ListBucketsRequest{MaxBuckets: new(int32(2))}, nil)
	if len(page.Buckets) != 2 || text(page.ContinuationToken) == "" {
		s.Errorf("a page of two has %d buckets and the token %q", len(page.Buckets), text(page.ContinuationToken))
	}
}
