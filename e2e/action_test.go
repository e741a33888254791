package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// action is something that an actor may or may not do to data.
type action struct {
	name string
	do   func(context.Context, *actor) error
}

// may does each of the actions. All must succeed.
func (a *actor) may(actions ...action) {
	a.t.Helper()
	for _, d := range actions {
		if err := d.do(a.t.Context(), a); err != nil {
			a.t.Fatalf("%s must be able to do this: %s: %v", a.name, d.name, err)
		}
	}
}

// mayNot tries each of the actions. All must be refused with AccessDenied.
func (a *actor) mayNot(actions ...action) {
	a.t.Helper()
	for _, d := range actions {
		err := d.do(a.t.Context(), a)
		if err == nil {
			a.t.Fatalf("%s must not be able to do this: %s", a.name, d.name)
		}
		if code, status := codeOf(err); status != 403 || code != "AccessDenied" && code != "Forbidden" {
			a.t.Fatalf("%s must be denied this: %s; got %v", a.name, d.name, err)
		}
	}
}

// codeOf is the code and the status of an SDK's error. The answer to a HEAD has no code: the SDK makes one of the
// status.
func codeOf(err error) (string, int) {
	code, status := "", 0
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		code = e.ErrorCode()
	}
	if e, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		status = e.HTTPStatusCode()
	}
	return code, status
}

// refused checks that an SDK's error has this status, this code, and these words in its message.
func refused(t testing.TB, err error, status int, code string, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("want %d %s, but it was allowed", status, code)
	}
	gotCode, gotStatus := codeOf(err)
	if gotCode != code || gotStatus != status {
		t.Fatalf("want %d %s, got %d %s: %v", status, code, gotStatus, gotCode, err)
	}
	e, _ := errors.AsType[smithy.APIError](err)
	for _, w := range words {
		if !strings.Contains(e.ErrorMessage(), w) {
			t.Fatalf("the message of %s must contain %q: %q", code, w, e.ErrorMessage())
		}
	}
	if e, ok := errors.AsType[*awshttp.ResponseError](err); !ok || e.ServiceRequestID() == "" {
		t.Fatalf("%s carries no request id", code)
	}
}

func reading(bucket, key string) action {
	return action{"read " + bucket + "/" + key, func(ctx context.Context, a *actor) error {
		out, err := a.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
		if err != nil {
			return err
		}
		defer out.Body.Close()
		_, err = io.Copy(io.Discard, out.Body)
		return err
	}}
}

func heading(bucket, key string) action {
	return action{"head " + bucket + "/" + key, func(ctx context.Context, a *actor) error {
		_, err := a.s3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
		return err
	}}
}

func writing(bucket, key string) action {
	return action{"write " + bucket + "/" + key, func(ctx context.Context, a *actor) error {
		_, err := a.s3.PutObject(ctx,
			&s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("written by " + a.name)})
		return err
	}}
}

func deleting(bucket, key string) action {
	return action{"delete " + bucket + "/" + key, func(ctx context.Context, a *actor) error {
		_, err := a.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key})
		return err
	}}
}

func listing(bucket, prefix string) action {
	return action{"list " + bucket + "/" + prefix, func(ctx context.Context, a *actor) error {
		_, err := a.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
		return err
	}}
}

func listingAll(bucket string) action {
	return action{"list all of " + bucket, func(ctx context.Context, a *actor) error {
		_, err := a.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket})
		return err
	}}
}

func copying(bucket, from, to string) action {
	return copyingFrom(bucket, from, bucket, to)
}

func copyingFrom(fromBucket, from, bucket, to string) action {
	source := fromBucket + "/" + escapeKey(from)
	return action{"copy " + source + " to " + bucket + "/" + to, func(ctx context.Context, a *actor) error {
		_, err := a.s3.CopyObject(ctx, &s3.CopyObjectInput{Bucket: &bucket, Key: &to, CopySource: &source})
		return err
	}}
}

// escapeKey escapes a key for a copy source; its slashes stay.
func escapeKey(key string) string { return strings.ReplaceAll(url.PathEscape(key), "%2F", "/") }

func uploadingInParts(bucket, key string) action {
	return action{"upload " + bucket + "/" + key + " in parts", func(ctx context.Context, a *actor) error {
		made, err := a.s3.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
		if err != nil {
			return err
		}
		var parts []types.CompletedPart
		for i, size := range []int{5 << 20, 100} {
			n := aws.Int32(int32(i + 1))
			part, err := a.s3.UploadPart(ctx, &s3.UploadPartInput{
				Bucket:     &bucket,
				Key:        &key,
				UploadId:   made.UploadId,
				PartNumber: n,
				Body:       bytes.NewReader(bytes.Repeat([]byte{byte(i)}, size)),
			})
			if err != nil {
				return err
			}
			parts = append(parts, types.CompletedPart{PartNumber: n, ETag: part.ETag})
		}
		_, err = a.s3.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
			Bucket: &bucket, Key: &key, UploadId: made.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
		})
		return err
	}}
}

func abortingAnUpload(bucket, key string) action {
	return action{"begin and abort an upload of " + bucket + "/" + key, func(ctx context.Context, a *actor) error {
		made, err := a.s3.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
		if err != nil {
			return err
		}
		_, err = a.s3.AbortMultipartUpload(ctx,
			&s3.AbortMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: made.UploadId})
		return err
	}}
}

// gets reads an object, which must succeed.
func (a *actor) gets(bucket, key string) string {
	a.t.Helper()
	out, err := a.s3.GetObject(a.t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		a.t.Fatalf("%s gets %s/%s: %v", a.name, bucket, key, err)
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	if err != nil {
		a.t.Fatalf("%s gets %s/%s: %v", a.name, bucket, key, err)
	}
	return string(body)
}

// puts writes objects whose content is their own key, which must succeed.
func (a *actor) puts(bucket string, keys ...string) {
	a.t.Helper()
	for _, key := range keys {
		_, err := a.s3.PutObject(a.t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(key)})
		if err != nil {
			a.t.Fatalf("%s puts %s/%s: %v", a.name, bucket, key, err)
		}
	}
}

// lists returns the keys of a bucket that begin with prefix. Listing must succeed.
func (a *actor) lists(bucket, prefix string) []string {
	a.t.Helper()
	out, err := a.s3.ListObjectsV2(a.t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
	if err != nil {
		a.t.Fatalf("%s lists %s/%s: %v", a.name, bucket, prefix, err)
	}
	var keys []string
	for _, o := range out.Contents {
		keys = append(keys, *o.Key)
	}
	return keys
}

// same fails the test when the lists differ, in order.
func same[T comparable](t testing.TB, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("%s:\n got %v\nwant %v", what, got, want)
	}
}

// is fails the test when the values differ.
func is[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: got %v, want %v", what, fmt.Sprint(got), fmt.Sprint(want))
	}
}
