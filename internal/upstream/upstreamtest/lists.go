package upstreamtest

import (
	"fmt"
	"slices"

	"latchkey/internal/awsapi/s3"
)

// listed returns all keys and common prefixes of a listing, page by page.
func listed(s *suite, in *s3.ListObjectsV2Request) (all []string) {
	s.Helper()
	in.Bucket = &s.bucket
	for {
		out := must(s, s3.ListObjectsV2, in, nil)
		var page []string
		for _, o := range out.Contents {
			page = append(page, text(o.Key))
		}
		for _, p := range out.CommonPrefixes {
			page = append(page, text(p.Prefix))
		}
		if out.KeyCount == nil || int(*out.KeyCount) != len(page) || in.MaxKeys != nil && len(page) > int(*in.MaxKeys) {
			s.Errorf("a page of %d says %v", len(page), out.KeyCount)
		}
		slices.Sort(page)
		if len(all) > 0 && len(page) > 0 && page[0] <= all[len(all)-1] {
			s.Fatalf("the page %q comes behind %q", page, all[len(all)-1])
		}
		all = append(all, page...)
		if out.IsTruncated == nil || !*out.IsTruncated {
			return all
		}
		in.ContinuationToken = out.NextContinuationToken
	}
}

// listed1 is listed by the first version of ListObjects.
func listed1(s *suite, in *s3.ListObjectsRequest) (all []string) {
	s.Helper()
	in.Bucket = &s.bucket
	for {
		out := must(s, s3.ListObjects, in, nil)
		var page []string
		for _, o := range out.Contents {
			page = append(page, text(o.Key))
		}
		for _, p := range out.CommonPrefixes {
			page = append(page, text(p.Prefix))
		}
		slices.Sort(page)
		if len(all) > 0 && len(page) > 0 && page[0] <= all[len(all)-1] {
			s.Fatalf("the page %q comes behind %q", page, all[len(all)-1])
		}
		all = append(all, page...)
		if out.IsTruncated == nil || !*out.IsTruncated {
			return all
		}
		if len(page) == 0 {
			s.Fatal("an empty page is not the last")
		}
		in.Marker = new(page[len(page)-1])
		if in.Delimiter != nil && text(out.NextMarker) != *in.Marker {
			s.Errorf("the next marker is %q, want %q", text(out.NextMarker), *in.Marker)
		}
	}
}

func listOrder(s *suite) {
	keys := []string{"a-b", "a/b", "a0", "B", "Z/1", "é", "z", "~", "\U0001F600", "\uFFFD"}
	if s.u.Traits().Flat { // elsewhere a folder of this name is in the way
		keys = append(keys, "a")
	}
	for _, k := range keys {
		s.put(k, []byte(k))
	}
	slices.Sort(keys)
	out := must(s, s3.ListObjectsV2, &s3.ListObjectsV2Request{Bucket: &s.bucket, FetchOwner: new(true)}, nil)
	var got []string
	for _, o := range out.Contents {
		got = append(got, text(o.Key))
		if text(o.ETag) != etag([]byte(*o.Key)) || *o.Size != int64(len(*o.Key)) || o.LastModified == nil || o.Owner == nil ||
			text(o.Owner.ID) != owner {
			s.Errorf("%q is listed as %+v", *o.Key, o)
		}
	}
	if !slices.Equal(got, keys) {
		s.Errorf("listed %q, want %q", got, keys)
	}
	if got := listed1(s, &s3.ListObjectsRequest{}); !slices.Equal(got, keys) {
		s.Errorf("ListObjects: %q, want %q", got, keys)
	}
	encoded := must(s, s3.ListObjectsV2,
		&s3.ListObjectsV2Request{Bucket: &s.bucket, Prefix: new("é"), EncodingType: new("url")}, nil)
	if len(encoded.Contents) != 1 || text(encoded.Contents[0].Key) != "%C3%A9" {
		s.Errorf("encoded: %+v", encoded.Contents)
	}
}

func listPages(s *suite) {
	var keys []string
	for i := range 23 {
		keys = append(keys, fmt.Sprintf("%c/%02d", 'a'+i%3, i))
		s.put(keys[i], nil)
	}
	slices.Sort(keys)
	for _, size := range []int32{1, 7, 23, 1000} {
		if got := listed(s, &s3.ListObjectsV2Request{MaxKeys: &size}); !slices.Equal(got, keys) {
			s.Errorf("by %d: %v", size, got)
		}
		if got := listed1(s, &s3.ListObjectsRequest{MaxKeys: &size}); !slices.Equal(got, keys) {
			s.Errorf("ListObjects by %d: %v", size, got)
		}
	}
	if got := listed(s, &s3.ListObjectsV2Request{StartAfter: &keys[9], MaxKeys: new(int32(4))}); !slices.Equal(got,
		keys[10:]) {
		s.Errorf("behind %s: %v", keys[9], got)
	}
	if got := listed(s, &s3.ListObjectsV2Request{StartAfter: new(keys[9] + "!")}); !slices.Equal(got, keys[10:]) {
		s.Errorf("behind a key that is not there: %v", got)
	}
	if got := listed(s, &s3.ListObjectsV2Request{MaxKeys: new(int32(0))}); len(got) > 0 {
		s.Errorf("a page of none: %v", got)
	}
}

func listPrefixes(s *suite) {
	for _, k := range []string{"a/1", "a/2", "a/b/3", "b", "c/4", "c0", "d/"} {
		s.put(k, nil)
	}
	for _, c := range []struct {
		prefix, delimiter string
		want              []string
	}{
		{"", "/", []string{"a/", "b", "c/", "c0", "d/"}},
		{"a/", "/", []string{"a/1", "a/2", "a/b/"}},
		{"a", "", []string{"a/1", "a/2", "a/b/3"}},
		{"c", "/", []string{"c/", "c0"}},
		{"none", "/", nil},
	} {
		for _, size := range []int32{1, 2, 1000} {
			in := &s3.ListObjectsV2Request{Prefix: &c.prefix, MaxKeys: &size}
			in1 := &s3.ListObjectsRequest{Prefix: &c.prefix, MaxKeys: &size}
			if c.delimiter != "" {
				in.Delimiter, in1.Delimiter = &c.delimiter, &c.delimiter
			}
			if got := listed(s, in); !slices.Equal(got, c.want) {
				s.Errorf("%q by %d: %v, want %v", c.prefix, size, got, c.want)
			}
			if got := listed1(s, in1); !slices.Equal(got, c.want) {
				s.Errorf("ListObjects %q by %d: %v, want %v", c.prefix, size, got, c.want)
			}
		}
	}
}
