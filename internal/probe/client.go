package probe

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
	"latchkey/internal/broker"
)

// client calls a store's S3 with one set of credentials, about one bucket.
type client struct {
	store  *broker.Store
	bucket string
	wire   *awswire.Client
}

func newClient(s *broker.Store, bucket string, keys aws.CredentialsProvider) *client {
	return &client{store: s, bucket: bucket, wire: s.S3(keys)}
}

// send builds, signs and sends one request. body is that of an operation whose input has a stream.
func send[In, Out any](ctx context.Context, c *client, op awswire.Op[In, Out], in *In, body []byte) (*Out, error) {
	r, err := awswire.NewRequest(ctx, c.wire.Endpoint, op.Operation, in)
	if err != nil {
		return nil, err
	}
	if body != nil {
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	}
	if err := sum(r, op.Operation); err != nil {
		return nil, err
	}
	if c.store.VirtualHost {
		if err := intoHost(r, c.bucket); err != nil {
			return nil, err
		}
	}
	out, err := c.wire.Send(op.Operation, r)
	if err != nil {
		return nil, err
	}
	return out.(*Out), nil
}

// sum adds the checksum that some operations demand, in the form that every store knows.
func sum(r *http.Request, op *awswire.Operation) error {
	if !op.ChecksumRequired || r.GetBody == nil {
		return nil
	}
	body, err := r.GetBody()
	if err != nil {
		return err
	}
	defer body.Close()
	h := md5.New()
	if _, err := io.Copy(h, body); err != nil {
		return err
	}
	r.Header.Set("Content-Md5", base64.StdEncoding.EncodeToString(h.Sum(nil)))
	return nil
}

// intoHost moves the bucket from the path to the host.
func intoHost(r *http.Request, bucket string) error {
	base := "/" + bucket
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), base)
	if !ok || rest != "" && rest[0] != '/' {
		return fmt.Errorf("the path does not begin with the bucket")
	}
	plain, err := url.PathUnescape("/" + strings.TrimPrefix(rest, "/"))
	if err != nil {
		return err
	}
	r.URL.Host = bucket + "." + r.URL.Host
	r.Host = r.URL.Host
	r.URL.Path, r.URL.RawPath = plain, "/"+strings.TrimPrefix(rest, "/")
	return nil
}

func (c *client) get(ctx context.Context, key string) (string, error) {
	out, err := send(ctx, c, s3.GetObject, &s3.GetObjectRequest{Bucket: &c.bucket, Key: &key}, nil)
	if err != nil {
		return "", err
	}
	defer out.Body.Close()
	text, err := io.ReadAll(io.LimitReader(out.Body, maxContent))
	return string(text), err
}

// maxContent is how much of an object the probe reads, in bytes. Its own objects are shorter.
const maxContent = 1 << 10

func (c *client) head(ctx context.Context, key string) error {
	_, err := send(ctx, c, s3.HeadObject, &s3.HeadObjectRequest{Bucket: &c.bucket, Key: &key}, nil)
	return err
}

func (c *client) put(ctx context.Context, key, content string) error {
	_, err := send(ctx, c, s3.PutObject, &s3.PutObjectRequest{Bucket: &c.bucket, Key: &key}, []byte(content))
	return err
}

// remove deletes an object, or one version of it. kept says that the store kept an older version.
func (c *client) remove(ctx context.Context, key string) (kept bool, err error) {
	out, err := send(ctx, c, s3.DeleteObject, &s3.DeleteObjectRequest{Bucket: &c.bucket, Key: &key}, nil)
	return err == nil && awswire.Value(out.DeleteMarker), err
}

func (c *client) copy(ctx context.Context, from, to string) error {
	_, err := send(ctx, c, s3.CopyObject,
		&s3.CopyObjectRequest{Bucket: &c.bucket, Key: &to, CopySource: c.source(from)}, nil)
	return err
}

// source is a key as a copy's source.
func (c *client) source(key string) *string {
	escaped := strings.ReplaceAll(url.PathEscape(key), "%2F", "/")
	return aws.String(c.bucket + "/" + escaped)
}

// listing is one page of a listing.
type listing struct{ keys, prefixes []string }

func (c *client) list(ctx context.Context, prefix, delimiter string) (*listing, error) {
	out, err := send(ctx, c, s3.ListObjectsV2, &s3.ListObjectsV2Request{
		Bucket: &c.bucket, Prefix: awswire.Optional(prefix), Delimiter: awswire.Optional(delimiter), MaxKeys: aws.Int32(100),
	}, nil)
	if err != nil {
		return nil, err
	}
	l := &listing{}
	for _, o := range out.Contents {
		l.keys = append(l.keys, awswire.Value(o.Key))
	}
	for _, p := range out.CommonPrefixes {
		l.prefixes = append(l.prefixes, awswire.Value(p.Prefix))
	}
	return l, nil
}

func (c *client) listV1(ctx context.Context, prefix string) error {
	_, err := send(ctx, c, s3.ListObjects, &s3.ListObjectsRequest{
		Bucket: &c.bucket, Prefix: awswire.Optional(prefix), MaxKeys: aws.Int32(10),
	}, nil)
	return err
}

// begin begins an upload and returns its id.
func (c *client) begin(ctx context.Context, key string) (string, error) {
	out, err := send(ctx, c, s3.CreateMultipartUpload,
		&s3.CreateMultipartUploadRequest{Bucket: &c.bucket, Key: &key}, nil)
	if err != nil {
		return "", err
	}
	id := awswire.Value(out.UploadId)
	if id == "" {
		return "", errors.New("the store began an upload without an id")
	}
	return id, nil
}

func (c *client) part(ctx context.Context, key, id, content string) (string, error) {
	out, err := send(ctx, c, s3.UploadPart, &s3.UploadPartRequest{
		Bucket: &c.bucket, Key: &key, UploadId: &id, PartNumber: aws.Int32(1),
	}, []byte(content))
	if err != nil {
		return "", err
	}
	return awswire.Value(out.ETag), nil
}

func (c *client) partCopy(ctx context.Context, from, key, id string) error {
	_, err := send(ctx, c, s3.UploadPartCopy, &s3.UploadPartCopyRequest{
		Bucket: &c.bucket, Key: &key, UploadId: &id, PartNumber: aws.Int32(1), CopySource: c.source(from),
	}, nil)
	return err
}

func (c *client) complete(ctx context.Context, key, id, etag string) error {
	_, err := send(ctx, c, s3.CompleteMultipartUpload, &s3.CompleteMultipartUploadRequest{
		Bucket: &c.bucket, Key: &key, UploadId: &id,
		MultipartUpload: &s3.CompletedMultipartUpload{Parts: []s3.CompletedPart{{PartNumber: aws.Int32(1), ETag: &etag}}},
	}, nil)
	return err
}

func (c *client) abort(ctx context.Context, key, id string) error {
	_, err := send(ctx, c, s3.AbortMultipartUpload,
		&s3.AbortMultipartUploadRequest{Bucket: &c.bucket, Key: &key, UploadId: &id}, nil)
	return err
}

// removeMany deletes objects in one request. It returns the keys that the store says it deleted.
func (c *client) removeMany(ctx context.Context, keys ...string) ([]string, error) {
	in := &s3.DeleteObjectsRequest{Bucket: &c.bucket, Delete: &s3.Delete{}}
	for _, k := range keys {
		in.Delete.Objects = append(in.Delete.Objects, s3.ObjectIdentifier{Key: &k})
	}
	out, err := send(ctx, c, s3.DeleteObjects, in, nil)
	if err != nil {
		return nil, err
	}
	var gone []string
	for _, d := range out.Deleted {
		gone = append(gone, awswire.Value(d.Key))
	}
	return gone, nil
}

func (c *client) bucketPolicy(ctx context.Context) error {
	_, err := send(ctx, c, s3.GetBucketPolicy, &s3.GetBucketPolicyRequest{Bucket: &c.bucket}, nil)
	return err
}
