package e2e

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func TestAttack27_CopiesReadTheirSource(t *testing.T) {
	g := newGuarded(t)
	b := g.bucket
	copyTo := func(key, source string, query url.Values, header map[string]string) *answer {
		h := map[string]string{"X-Amz-Copy-Source": source}
		for k, v := range header {
			h[k] = v
		}
		return g.writer.sends(request{method: http.MethodPut, path: "/" + b + "/" + key, query: query, header: h})
	}
	up, err := g.writer.s3.CreateMultipartUpload(t.Context(),
		&s3.CreateMultipartUploadInput{Bucket: &b, Key: new("public/parts")})
	g.check(err)
	part := url.Values{"partNumber": {"1"}, "uploadId": {*up.UploadId}}
	for _, source := range []string{
		b + "/private/x", "/" + b + "/private/x", b + "/public%2F..%2Fprivate%2Fx", b + "%2Fprivate%2Fx", b + "/%70rivate/x",
		g.other + "/public/x", b + "/public/../private/x",
		b + "/private/x?versionId=null", b + "/public/x%3FversionId=1/../../private/x",
		b + "/private/x?versionId=../public/x",
		b + "/public/x?versionId=null&versionId=/" + b + "/private/x", "arn:aws:s3:::" + b + "/private/x",
		"arn:aws:s3:us-east-1:" + g.id + ":accesspoint/ap/object/private/x",
		"http://s3.latchkey/" + b + "/private/x", b + "/public/x\\..\\..\\private\\x", g.other + "/../" + b + "/public/x",
		"//" + b + "/public/x",
	} {
		for name, got := range map[string]*answer{
			"copy": copyTo("public/stolen", source, nil, nil), "copy of a part": copyTo("public/parts", source, part, nil),
			"copy of a range": copyTo("public/parts", source, part, map[string]string{"X-Amz-Copy-Source-Range": "bytes=0-3"}),
		} {
			if got.status < 400 {
				t.Errorf("%s from %s: status %d", name, source, got.status)
			}
			got.leaksNothing(t, source)
		}
	}
	if keys := g.root.lists(b, "public/stolen"); len(keys) > 0 {
		t.Error("something was copied")
	}
	t.Run("a copy source that was not signed is not used", func(t *testing.T) {
		got := g.writer.sends(request{
			method:   http.MethodPut,
			path:     "/" + b + "/public/stolen",
			unsigned: map[string]string{"X-Amz-Copy-Source": b + "/public/x"},
		})
		got.mustBe(t, 403, "AccessDenied")
	})
	t.Run("a presigned copy keeps to its token", func(t *testing.T) {
		for source, status := range map[string]int{b + "/public/x": 200, b + "/private/x": 403} {
			link, err := s3.NewPresignClient(g.writer.s3).PresignPutObject(t.Context(),
				&s3.PutObjectInput{Bucket: &b, Key: new("public/presigned")}, func(o *s3.PresignOptions) {
					o.ClientOptions = append(o.ClientOptions, s3.WithAPIOptions(withHeader("X-Amz-Copy-Source", source)))
				})
			g.check(err)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, link.URL, nil)
			g.check(err)
			req.Header = link.SignedHeader.Clone()
			req.Header.Set("X-Amz-Copy-Source", source)
			got := g.site.do(t, req)
			if got.status != status {
				t.Errorf("%s: status %d: %s", source, got.status, got.body)
			}
		}
	})
	g.writer.may(copying(b, "public/x", "public/copy"))
	copyTo("public/parts", b+"/public/x", part, nil).mustBe(t, 200, "")
	g.writer.mayNot(copying(b, "public/x", "private/copy"))
	g.reader.mayNot(copying(b, "public/x", "public/copy"))
}

func TestAttack28_UploadsKeepToTheirKey(t *testing.T) {
	g := newGuarded(t)
	b, ctx := g.bucket, t.Context()
	begin := func(who *actor, key string) *string {
		out, err := who.s3.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b, Key: &key})
		g.check(err)
		return out.UploadId
	}
	put := func(who *actor, key string, upload *string) (*string, error) {
		out, err := who.s3.UploadPart(ctx,
			&s3.UploadPartInput{
				Bucket:     &b,
				Key:        &key,
				UploadId:   upload,
				PartNumber: aws.Int32(1),
				Body:       strings.NewReader("part"),
			})
		if err != nil {
			return nil, err
		}
		return out.ETag, nil
	}
	complete := func(who *actor, key string, upload, tag *string) error {
		_, err := who.s3.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
			Bucket:   &b,
			Key:      &key,
			UploadId: upload,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{
				ETag:       tag,
				PartNumber: aws.Int32(1),
			}}},
		})
		return err
	}
	abort := func(who *actor, key string, upload *string) error {
		_, err := who.s3.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &b, Key: &key, UploadId: upload})
		return err
	}
	mine, theirs := begin(g.writer.actor, "public/mine"), begin(g.root, "private/theirs")
	tag, err := put(g.writer.actor, "public/mine", mine)
	g.check(err)
	theirTag, err := put(g.root, "private/theirs", theirs)
	g.check(err)

	t.Run("begun inside, ended outside", func(t *testing.T) {
		refused(t, complete(g.writer.actor, "private/theirs", mine, tag), 403, "AccessDenied")
		refused(t, abort(g.writer.actor, "private/theirs", mine), 403, "AccessDenied")
	})
	t.Run("another's upload under one's own key", func(t *testing.T) {
		_, err := put(g.writer.actor, "public/mine", theirs)
		refused(t, err, 404, "NoSuchUpload")
		refused(t, complete(g.writer.actor, "public/mine", theirs, theirTag), 404, "NoSuchUpload")
		refused(t, abort(g.writer.actor, "public/mine", theirs), 404, "NoSuchUpload")
	})
	t.Run("another's upload under its key", func(t *testing.T) {
		_, err := put(g.writer.actor, "private/theirs", theirs)
		refused(t, err, 403, "AccessDenied")
		refused(t, complete(g.writer.actor, "private/theirs", theirs, theirTag), 403, "AccessDenied")
		refused(t, abort(g.writer.actor, "private/theirs", theirs), 403, "AccessDenied")
	})
	t.Run("a reader uploads nothing", func(t *testing.T) {
		_, err := put(g.reader.actor, "public/mine", mine)
		refused(t, err, 403, "AccessDenied")
		refused(t, complete(g.reader.actor, "public/mine", mine, tag), 403, "AccessDenied")
	})
	g.check(complete(g.writer.actor, "public/mine", mine, tag))
	g.check(complete(g.root, "private/theirs", theirs, theirTag))
	is(t, "content", g.reader.gets(b, "public/mine"), "part")
}

func TestAttack29_BatchesAndForms(t *testing.T) {
	g := newGuarded(t)
	b := g.bucket
	t.Run("every key of a batch is judged by itself", func(t *testing.T) {
		g.root.puts(b, "public/1", "public/2")
		var keys []types.ObjectIdentifier
		for _, k := range []string{"public/1", "private/x", "public/../private/x", "private.txt", "public/2", "/public/x",
			"Public/x"} {
			keys = append(keys, types.ObjectIdentifier{Key: new(k)})
		}
		out, err := g.writer.s3.DeleteObjects(t.Context(),
			&s3.DeleteObjectsInput{Bucket: &b, Delete: &types.Delete{Objects: keys}})
		g.check(err)
		var deleted, errs []string
		for _, d := range out.Deleted {
			deleted = append(deleted, *d.Key)
		}
		for _, e := range out.Errors {
			errs = append(errs, *e.Code+" "+*e.Key)
		}
		same(t, "deleted", sorted(deleted), []string{"public/../private/x", "public/1", "public/2"})
		same(t, "refused", sorted(errs),
			[]string{"AccessDenied /public/x", "AccessDenied Public/x", "AccessDenied private.txt", "AccessDenied private/x"})
		is(t, "the secret", g.root.gets(b, "private/x"), secretText)
		_, err = g.reader.s3.DeleteObjects(t.Context(),
			&s3.DeleteObjectsInput{Bucket: &b, Delete: &types.Delete{Objects: keys[:1]}})
		g.check(err) // errors are per key: the answer itself is a success
	})
	t.Run("a batch without its body's checksum is refused", func(t *testing.T) {
		got := g.root.sends(request{
			method: http.MethodPost,
			path:   "/" + b,
			query:  url.Values{"delete": {""}},
			body:   []byte(`<Delete><Object><Key>private/x</Key></Object></Delete>`),
			header: map[string]string{"X-Amz-Checksum-Crc32": "AAAAAA=="},
		})
		if got.status < 400 {
			t.Errorf("status %d: %s", got.status, got.body)
		}
		is(t, "the secret", g.root.gets(b, "private/x"), secretText)
	})
	t.Run("a form is no request for anything", func(t *testing.T) {
		var form bytes.Buffer
		w := multipart.NewWriter(&form)
		for k, v := range map[string]string{
			"key":                   "private/form",
			"policy":                "eyJjb25kaXRpb25zIjpbXX0=",
			"AWSAccessKeyId":        g.root.keys.AccessKeyID,
			"signature":             "x",
			"success_action_status": "200",
		} {
			g.check(w.WriteField(k, v))
		}
		file, err := w.CreateFormFile("file", "x")
		g.check(err)
		_, _ = file.Write([]byte("stolen"))
		g.check(w.Close())
		for _, path := range []string{"/" + b, "/" + b + "/", "/" + b + "/private/form", "/"} {
			req := g.site.build(t, request{
				method: http.MethodPost,
				path:   path,
				body:   form.Bytes(),
				header: map[string]string{"Content-Type": w.FormDataContentType()},
			})
			if got := g.site.do(t, req); got.status < 400 {
				t.Errorf("%s: status %d: %s", path, got.status, got.body)
			}
		}
		if keys := g.root.lists(b, "private/form"); len(keys) > 0 {
			t.Error("the form was stored")
		}
	})
	t.Run("a rename is not a put", func(t *testing.T) {
		got := g.writer.sends(request{
			method: http.MethodPut,
			path:   "/" + b + "/public/renamed",
			query:  url.Values{"renameObject": {""}},
			header: map[string]string{"X-Amz-Rename-Source": b + "/private/x"},
		})
		is(t, "status", got.status, 501)
		is(t, "the secret", g.root.gets(b, "private/x"), secretText)
	})
}
