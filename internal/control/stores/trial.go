package stores

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
	"latchkey/internal/fault"
	"latchkey/internal/upstream"
	"latchkey/internal/upstreams"
)

// maxSkew is how far the store's clock may be from ours. Stores refuse signatures that are further off than 15 minutes
// (S3 API reference, RequestTimeTooSkewed).
const maxSkew = time.Minute

// trial is a test of a store, with what it has found out.
type trial struct {
	member *upstreams.Member
	bucket string // in which it writes; empty: nowhere
	prefix string // of its keys: nobody else has it
	checks []Check
	made   []string // keys that may be there
}

// Test tries whether a store does what the server needs of it. It writes only if a bucket is named, only under a random
// prefix, and removes what it has written.
func (s *Stores) Test(ctx context.Context, name, in string) ([]Check, error) {
	m, err := s.member(name)
	if err != nil {
		return nil, err
	}
	if in != "" && !m.Serves(in) {
		return nil, fault.New(fault.Invalid, fault.BucketName, "The upstream %s does not serve a bucket %s", name, in)
	}
	t := &trial{member: m, bucket: in, prefix: "latchkey-test-" + strings.ToLower(rand.Text()) + "/"}
	t.run(ctx, "signature", "", t.signature)
	t.run(ctx, "clock", "", t.clock)
	t.run(ctx, "list buckets", "", t.listBuckets)
	writing := []struct {
		name string
		do   func(context.Context) (Outcome, string)
	}{
		{"list", t.list}, {"write", t.write}, {"read back", t.readBack}, {"checksum", t.checksum},
		{"listed", t.listed}, {"keys", t.keys}, {"versioning", t.versioning}, {"delete", t.remove},
	}
	for _, w := range writing {
		if in == "" {
			t.checks = append(t.checks, Check{Name: w.name, Outcome: Skipped, Text: "no bucket was named to write in"})
			continue
		}
		t.run(ctx, w.name, in, w.do)
	}
	t.clean()
	return t.checks, nil
}

// member returns the upstream of this name. The server's own store needs no test.
func (s *Stores) member(name string) (*upstreams.Member, error) {
	if name == upstreams.Embedded {
		return nil, fault.New(fault.Invalid, fault.Upstream, "The server's own store is reached by nothing but the server")
	}
	if m := s.Upstreams.Named(name); m != nil {
		return m, nil
	}
	return nil, fault.New(fault.NotFound, fault.Upstream, "There is no upstream %q", name)
}

// run does one check, and takes its time.
func (t *trial) run(ctx context.Context, name, in string, do func(context.Context) (Outcome, string)) {
	began := time.Now()
	outcome, text := do(ctx)
	t.checks = append(t.checks, Check{name, in, outcome, fault.Clip(text, 500), time.Since(began).Milliseconds()})
}

// ok is the outcome of a check that has nothing to say but whether it failed.
func ok(err error, text string) (Outcome, string) {
	if err != nil {
		return Failed, err.Error()
	}
	return Passed, text
}

// signature checks that the store takes our signature, and looks at signatures at all: it must refuse a wrong one.
func (t *trial) signature(ctx context.Context) (Outcome, string) {
	keys, err := t.member.Keys.Retrieve(ctx)
	if err != nil {
		return Failed, "there are no keys: " + err.Error()
	}
	q := upstreams.Question{Method: http.MethodGet}
	if t.bucket != "" {
		q.Bucket, q.Query = t.bucket, "list-type=2&max-keys=1"
	}
	right, err := t.member.Ask(ctx, q)
	if err != nil {
		return Failed, err.Error()
	}
	if code := codeOf(right); right.Status >= 300 && code != "AccessDenied" {
		return Failed, fmt.Sprintf("the store answered %d %s", right.Status, code)
	}
	keys.SecretAccessKey += "x"
	q.Keys = &keys
	wrong, err := t.member.Ask(ctx, q)
	if err != nil {
		return Failed, err.Error()
	}
	if wrong.Status < 300 {
		return Failed, "the store serves a request with a wrong signature: everybody has access"
	}
	return Passed, "taken; a wrong one is refused with " + codeOf(wrong)
}

// codeOf is the error code of an answer.
func codeOf(a *Answer) string {
	_, rest, _ := strings.Cut(a.Body, "<Code>")
	code, _, found := strings.Cut(rest, "</Code>")
	if !found {
		return "without a code"
	}
	return fault.Clip(code, 60)
}

// Answer is the answer of a store to a question.
type Answer = upstreams.Answer

func (t *trial) clock(ctx context.Context) (Outcome, string) {
	a, err := t.member.Ask(ctx, upstreams.Question{Method: http.MethodGet})
	if err != nil {
		return Failed, err.Error()
	}
	there, err := http.ParseTime(a.Header.Get("Date"))
	if err != nil {
		return Unknown, "the store's answer has no date"
	}
	skew := time.Until(there).Round(time.Second)
	text := fmt.Sprintf("the store's clock is %v from ours", skew)
	if skew.Abs() > maxSkew {
		return Failed, text
	}
	return Passed, text
}

func (t *trial) listBuckets(ctx context.Context) (Outcome, string) {
	n := 0
	for _, err := range upstream.Buckets(ctx, t.member.Store) {
		if upstreams.MayNot(err) {
			return Found, "the keys may not list the buckets: `bucket list --unregistered` shows none"
		}
		if err != nil {
			return Failed, err.Error()
		}
		n++
	}
	return Passed, fmt.Sprintf("%d buckets are served", n)
}

// call performs an operation in the trial's bucket.
func call[In, Out any](
	ctx context.Context, t *trial, op awswire.Op[In, Out], in *In, body *upstream.Body,
) (*Out, error) {
	out, err := t.member.Store.Do(ctx, upstream.Call{Operation: op.Operation, Input: in, Body: body})
	if err != nil {
		return nil, err
	}
	return out.(*Out), nil
}

func (t *trial) list(ctx context.Context) (Outcome, string) {
	_, err := call(ctx, t, s3.ListObjectsV2, &s3.ListObjectsV2Request{Bucket: &t.bucket, Prefix: &t.prefix}, nil)
	return ok(err, "")
}

const content = "written by latchkey upstream test"

func (t *trial) put(ctx context.Context, key, text string, change func(*s3.PutObjectRequest)) error {
	t.made = append(t.made, key)
	in := &s3.PutObjectRequest{Bucket: &t.bucket, Key: &key}
	if change != nil {
		change(in)
	}
	_, err := call(ctx, t, s3.PutObject, in, &upstream.Body{Reader: strings.NewReader(text), Length: int64(len(text))})
	return err
}

// get reads an object; ok is false if there is none.
func (t *trial) get(ctx context.Context, key string) (text string, ok bool, err error) {
	out, err := call(ctx, t, s3.GetObject, &s3.GetObjectRequest{Bucket: &t.bucket, Key: &key}, nil)
	if kind := fault.KindOf(err); kind == fault.NotFound || kind == fault.Invalid {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	defer out.Body.Close()
	all, err := io.ReadAll(io.LimitReader(out.Body, 1<<20))
	return string(all), err == nil, err
}

func (t *trial) write(ctx context.Context) (Outcome, string) {
	return ok(t.put(ctx, t.prefix+"object", content, nil), t.prefix+"object")
}

func (t *trial) readBack(ctx context.Context) (Outcome, string) {
	text, found, err := t.get(ctx, t.prefix+"object")
	switch {
	case err != nil:
		return Failed, err.Error()
	case !found || text != content:
		return Failed, "what was written does not come back"
	}
	return Passed, strconv.Itoa(len(text)) + " bytes"
}

// checksum checks that the store compares a checksum with the content, and keeps it.
func (t *trial) checksum(ctx context.Context) (Outcome, string) {
	sum := sha256.Sum256([]byte(content))
	wrong := sha256.Sum256([]byte("something else"))
	text := func(b [32]byte) *string { return new(base64.StdEncoding.EncodeToString(b[:])) }
	key := t.prefix + "checksum"
	err := t.put(ctx, key, content, func(in *s3.PutObjectRequest) { in.ChecksumSHA256 = text(wrong) })
	if err == nil {
		return Failed, "the store takes an object whose SHA-256 is another one: a damaged upload is not noticed"
	}
	if err = t.put(ctx, key, content, func(in *s3.PutObjectRequest) { in.ChecksumSHA256 = text(sum) }); err != nil {
		return Failed, err.Error()
	}
	out, err := call(ctx, t, s3.HeadObject,
		&s3.HeadObjectRequest{Bucket: &t.bucket, Key: &key, ChecksumMode: new("ENABLED")}, nil)
	switch {
	case err != nil:
		return Failed, err.Error()
	case awswire.Value(out.ChecksumSHA256) == "":
		return Found, "checked, and not kept: clients do not get it back"
	case *out.ChecksumSHA256 != *text(sum):
		return Failed, "the store gives another checksum back"
	}
	return Passed, "checked and kept"
}

// listed checks that a listing has what was written, and nothing beside its prefix.
func (t *trial) listed(ctx context.Context) (Outcome, string) {
	out, err := call(ctx, t, s3.ListObjectsV2, &s3.ListObjectsV2Request{Bucket: &t.bucket, Prefix: &t.prefix}, nil)
	if err != nil {
		return Failed, err.Error()
	}
	found := false
	for _, o := range out.Contents {
		key := awswire.Value(o.Key)
		if !strings.HasPrefix(key, t.prefix) {
			return Failed, fmt.Sprintf("the listing of %s has %q", t.prefix, key)
		}
		found = found || key == t.prefix+"object"
	}
	if !found {
		return Failed, "the object that was written is not listed"
	}
	return Passed, ""
}

func (t *trial) versioning(ctx context.Context) (Outcome, string) {
	v, err := versioning(ctx, t.member, t.bucket)
	if err != nil {
		return Failed, err.Error()
	}
	return Found, "versioning is " + named(v)
}

// remove checks that a deleted object is gone.
func (t *trial) remove(ctx context.Context) (Outcome, string) {
	key := t.prefix + "object"
	if _, err := call(ctx, t, s3.DeleteObject, &s3.DeleteObjectRequest{Bucket: &t.bucket, Key: &key}, nil); err != nil {
		return Failed, err.Error()
	}
	_, found, err := t.get(ctx, key)
	switch {
	case err != nil:
		return Failed, err.Error()
	case found:
		return Failed, "the object is there after it was deleted"
	}
	return Passed, ""
}

// clean removes what the trial has written, even if its caller has gone away, and says what it could not remove.
func (t *trial) clean() {
	if t.bucket == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	t.run(ctx, "clean up", t.bucket, func(ctx context.Context) (Outcome, string) {
		left := 0
		for i := len(t.made) - 1; i >= 0; i-- { // the last first: a folder after what is in it
			_, err := call(ctx, t, s3.DeleteObject, &s3.DeleteObjectRequest{Bucket: &t.bucket, Key: &t.made[i]}, nil)
			if err != nil && fault.KindOf(err) != fault.NotFound && fault.KindOf(err) != fault.Invalid {
				left++
			}
		}
		out, err := call(ctx, t, s3.ListObjectsV2, &s3.ListObjectsV2Request{Bucket: &t.bucket, Prefix: &t.prefix}, nil)
		if err != nil {
			return Failed, err.Error()
		}
		if n := len(out.Contents); n > 0 || left > 0 {
			return Failed, fmt.Sprintf("%d objects are left under %s", max(n, left), t.prefix)
		}
		return Passed, ""
	})
}
