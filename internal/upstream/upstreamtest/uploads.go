package upstreamtest

import (
	"slices"
	"strings"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/fault"
)

// minPart is the smallest size of a part that is not the last (S3 user guide, "Multipart upload limits").
const minPart = 5 << 20

func (s *suite) begin(key string) (id *string) {
	s.Helper()
	return must(s, s3.CreateMultipartUpload, &s3.CreateMultipartUploadRequest{Bucket: &s.bucket, Key: &key}, nil).UploadId
}

func (s *suite) part(key string, id *string, n int32, b []byte) s3.CompletedPart {
	s.Helper()
	out := must(s, s3.UploadPart, &s3.UploadPartRequest{
		Bucket: &s.bucket, Key: &key, UploadId: id, PartNumber: &n, ContentLength: length(b),
	}, bodyOf(b))
	if text(out.ETag) != etag(b) {
		s.Errorf("part %d has the ETag %s, want %s", n, text(out.ETag), etag(b))
	}
	return s3.CompletedPart{PartNumber: &n, ETag: out.ETag}
}

func (s *suite) complete(key string, id *string, parts ...s3.CompletedPart) (*s3.CompleteMultipartUploadOutput, error) {
	s.Helper()
	return do(s, s3.CompleteMultipartUpload, &s3.CompleteMultipartUploadRequest{
		Bucket: &s.bucket, Key: &key, UploadId: id, MultipartUpload: &s3.CompletedMultipartUpload{Parts: parts},
	}, nil)
}

// parts are the ETags of an upload's parts, by number.
func (s *suite) parts(key string, id *string) map[int32]string {
	s.Helper()
	out := must(s, s3.ListParts, &s3.ListPartsRequest{Bucket: &s.bucket, Key: &key, UploadId: id}, nil)
	all := map[int32]string{}
	for _, p := range out.Parts {
		all[*p.PartNumber] = text(p.ETag)
	}
	return all
}

func multipart(s *suite) {
	key := "up/load"
	s.put(key, content(9, 10))
	id := s.begin(key)
	first, last := content(1, minPart), content(2, 1000)
	s.part(key, id, 2, content(7, 3000))
	p2 := s.part(key, id, 2, last) // in the place of the one before
	p1 := s.part(key, id, 1, first)
	if got := s.parts(key, id); len(got) != 2 || got[1] != etag(first) || got[2] != etag(last) {
		s.Errorf("the parts are %v", got)
	}
	s.has(key, content(9, 10)) // nothing is visible yet
	out, err := s.complete(key, id, p1, p2)
	if err != nil {
		s.Fatal(err)
	}
	if tag := text(out.ETag); !strings.HasSuffix(tag, `-2"`) || text(out.Key) != key || text(out.Bucket) != s.bucket {
		s.Errorf("completed as %+v", out)
	}
	s.has(key, slices.Concat(first, last))
	got, part := s.get(&s3.GetObjectRequest{Key: &key, PartNumber: new(int32(2))})
	if !slices.Equal(got, last) || part.PartsCount == nil || *part.PartsCount != 2 {
		s.Errorf("part 2 is %d bytes, of %v parts", len(got), part.PartsCount)
	}
	_, err = do(s, s3.ListParts, &s3.ListPartsRequest{Bucket: &s.bucket, Key: &key, UploadId: id}, nil)
	s.refused("ListParts of a completed upload", err, fault.NotFound, fault.Upload)
}

func multipartRefused(s *suite) {
	key := "k"
	id := s.begin(key)
	small, last := s.part(key, id, 1, content(1, 100)), s.part(key, id, 2, content(2, 100))
	wrong := s3.CompletedPart{PartNumber: last.PartNumber, ETag: small.ETag}
	none := s3.CompletedPart{PartNumber: new(int32(3)), ETag: last.ETag}
	for what, c := range map[string]struct {
		parts    []s3.CompletedPart
		entities []fault.Entity
	}{
		"a small part before the last": {[]s3.CompletedPart{small, last}, []fault.Entity{fault.PartSize}},
		// Their first one is small, too: a store may look at either first.
		"parts in the wrong order": {[]s3.CompletedPart{last, small}, []fault.Entity{fault.PartOrder, fault.PartSize}},
		"another part's ETag":      {[]s3.CompletedPart{wrong}, []fault.Entity{fault.Part}},
		"a part that is not there": {[]s3.CompletedPart{none}, []fault.Entity{fault.Part}},
	} {
		_, err := s.complete(key, id, c.parts...)
		s.refused(what, err, fault.Invalid, c.entities...)
		s.has(key, nil)
	}
	if got := s.parts(key, id); len(got) != 2 {
		s.Errorf("after refusals the parts are %v", got)
	}
	must(s, s3.AbortMultipartUpload, &s3.AbortMultipartUploadRequest{Bucket: &s.bucket, Key: &key, UploadId: id}, nil)
	_, err := do(s, s3.UploadPart,
		&s3.UploadPartRequest{Bucket: &s.bucket, Key: &key, UploadId: id, PartNumber: new(int32(1))}, bodyOf(nil))
	s.refused("UploadPart after the abort", err, fault.NotFound, fault.Upload)
	_, err = s.complete(key, id, small)
	s.refused("CompleteMultipartUpload after the abort", err, fault.NotFound, fault.Upload)
	s.has(key, nil)
	other := s.begin("other")
	_, err = do(s, s3.UploadPart,
		&s3.UploadPartRequest{Bucket: &s.bucket, Key: &key, UploadId: other, PartNumber: new(int32(1))}, bodyOf(nil))
	s.refused("UploadPart to another key's upload", err, fault.NotFound, fault.Upload)
}

func partCopies(s *suite) {
	all, key := content(1, 50_000), "k"
	s.put("from", all)
	id := s.begin(key)
	in := &s3.UploadPartCopyRequest{Bucket: &s.bucket, Key: &key, UploadId: id, PartNumber: new(int32(1)),
		CopySource: new(s.bucket + "/from"), CopySourceRange: new("bytes=100-40099")}
	out := must(s, s3.UploadPartCopy, in, nil)
	if out.CopyPartResult == nil || text(out.CopyPartResult.ETag) != etag(all[100:40100]) {
		s.Fatalf("UploadPartCopy answers %+v", out.CopyPartResult)
	}
	in.CopySource = new(s.bucket + "/none")
	_, err := do(s, s3.UploadPartCopy, in, nil)
	s.refused("no source", err, fault.NotFound, fault.Key)
	if _, err := s.complete(key, id,
		s3.CompletedPart{PartNumber: new(int32(1)), ETag: out.CopyPartResult.ETag}); err != nil {
		s.Fatal(err)
	}
	s.has(key, all[100:40100])
}

// listUploadPages reads a listing of uploads page by page, by the markers that the pages name.
func listUploadPages(s *suite) {
	var want []string
	for _, k := range []string{"b", "a/1", "a/2", "c"} {
		s.begin(k)
		want = append(want, k)
	}
	slices.Sort(want)
	var got []string
	in := &s3.ListMultipartUploadsRequest{Bucket: &s.bucket, MaxUploads: new(int32(3))}
	for range 3 {
		out := must(s, s3.ListMultipartUploads, in, nil)
		for _, u := range out.Uploads {
			got = append(got, text(u.Key))
		}
		if out.IsTruncated == nil || !*out.IsTruncated {
			break
		}
		in.KeyMarker, in.UploadIdMarker = out.NextKeyMarker, out.NextUploadIdMarker
	}
	if !slices.Equal(got, want) {
		s.Errorf("listed %v, want %v", got, want)
	}
}

func listUploads(s *suite) {
	for _, k := range []string{"b", "a/1", "a/2", "c"} {
		s.begin(k)
	}
	in := &s3.ListMultipartUploadsRequest{Bucket: &s.bucket}
	if out := must(s, s3.ListMultipartUploads, in, nil); len(out.Uploads) != 4 || text(out.Uploads[0].Key) != "a/1" ||
		out.Uploads[0].Owner == nil || text(out.Uploads[0].Owner.ID) != owner {
		s.Errorf("listed %+v", out.Uploads)
	}
	in.Prefix = new("a/")
	if out := must(s, s3.ListMultipartUploads, in, nil); len(out.Uploads) != 2 {
		s.Errorf("%d uploads have the prefix", len(out.Uploads))
	}
}
