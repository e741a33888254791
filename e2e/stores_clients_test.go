package e2e

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"
	"gocloud.dev/gcerrors"

	"latchkey/e2e/stores"
)

// front is a Latchkey in front of a store that others made, with a credential that was vended for work/*.
type front struct {
	*lake
	store *stores.Store
	keys  aws.Credentials
}

// storeOrSkip starts a store, or skips with the reason why it cannot be had.
func storeOrSkip(t *testing.T, start func(dir string) (*stores.Store, error)) *stores.Store {
	t.Helper()
	if _, given := stores.Folder(); !given {
		t.Skip("no stores are given: tools/stores gives them")
	}
	dir, err := os.MkdirTemp("", "store-") // short enough for a socket's name
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s, err := start(dir)
	if missing, ok := errors.AsType[stores.Missing](err); ok {
		t.Skip("skipped: ", missing)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Stop()
		if t.Failed() {
			t.Logf("the store's log:\n%s", s.Log())
		}
	})
	t.Logf("%s %s", s.Name, s.Version)
	return s
}

// frontOf starts a Latchkey in front of a store. Its bucket is made in the store.
func frontOf(t *testing.T, s stores.Starter) *front {
	t.Helper()
	store := storeOrSkip(t, func(dir string) (*stores.Store, error) { return s.Start(t.Context(), dir) })
	file, err := stores.UpstreamsFile(t.TempDir(), store)
	if err != nil {
		t.Fatal(err)
	}
	site, err := launch(program{data: t.TempDir(), args: []string{"--upstreams", file}, env: stores.UpstreamEnv(store)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		site.process.kill()
		if t.Failed() {
			t.Logf("the server's log:\n%s", tail(site.process.stderr.String(), 4000))
		}
	})
	l := lakeOf(site.first(t))
	l.root.puts(l.bucket, "other/secret", "work/first")
	l.location.grants(l.alice, READWRITE, "work/*")
	return &front{l, store, l.alice.asks(l.at("work/*"), READWRITE).keys}
}

// Each client that people use works through Latchkey in front of each store, with a vended credential, within its
// prefix and not beside it.
func TestStoreClientsThroughTheGateway(t *testing.T) {
	for _, s := range stores.All(binary) {
		t.Run(s.Name, func(t *testing.T) {
			f := frontOf(t, s)
			for name, walk := range map[string]func(*front, *testing.T){
				"SDK for Go": (*front).goSDK, "SDK for JavaScript": (*front).javaScript, "AWS CLI": (*front).cli,
				"minio-go": (*front).minioGo, "Go CDK": (*front).cdk, "s3cmd": (*front).s3cmd, "rclone": (*front).rclone,
				"LanceDB": (*front).lance,
			} {
				t.Run(name, func(t *testing.T) { walk(f.in(t), t) })
			}
		})
	}
}

// in is the front for a subtest, whose failures are the subtest's.
func (f *front) in(t *testing.T) *front {
	a := *f.account
	a.t = t
	l := *f.lake
	l.account = &a
	return &front{&l, f.store, f.keys}
}

func (f *front) goSDK(t *testing.T) {
	c := f.actor("vended", "", f.keys)
	for range 20 { // over kept connections
		c.puts(f.bucket, "work/go/a b+ü")
		is(t, "content", c.gets(f.bucket, "work/go/a b+ü"), "work/go/a b+ü")
	}
	same(t, "keys", c.lists(f.bucket, "work/go/"), []string{"work/go/a b+ü"})
	large := make([]byte, 9<<20)
	_, _ = rand.Read(large)
	_, err := c.s3.PutObject(t.Context(),
		&s3.PutObjectInput{Bucket: &f.bucket, Key: aws.String("work/go/large"), Body: bytes.NewReader(large)})
	f.check(err)
	is(t, "the large object is whole", c.gets(f.bucket, "work/go/large") == string(large), true)
	c.may(copying(f.bucket, "work/go/large", "work/go/copy"), deleting(f.bucket, "work/go/large"))
	c.mayNot(reading(f.bucket, "other/secret"), writing(f.bucket, "other/x"), listing(f.bucket, ""),
		copying(f.bucket, "other/secret", "work/go/stolen"))
	for _, key := range []string{"work/../other/secret", "work/./x", "work//x"} {
		if !f.store.Flat {
			_, err := c.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &f.bucket, Key: &key})
			if err == nil {
				t.Errorf("%s is served by a store that maps keys to paths", key)
			}
		}
	}
}

func (f *front) minioGo(t *testing.T) {
	client, err := minio.New(f.site.addr(), &minio.Options{
		Creds:        credentials.NewStaticV4(f.keys.AccessKeyID, f.keys.SecretAccessKey, f.keys.SessionToken),
		Region:       region,
		BucketLookup: minio.BucketLookupPath,
	})
	f.check(err)
	content := make([]byte, 6<<20)
	_, _ = rand.Read(content)
	put := func(key string, o minio.PutObjectOptions) error {
		_, err := client.PutObject(t.Context(), f.bucket, key, bytes.NewReader(content), int64(len(content)), o)
		return err
	}
	f.check(put("work/minio/chunks", minio.PutObjectOptions{DisableMultipart: true}))
	f.check(put("work/minio/parts", minio.PutObjectOptions{PartSize: 5 << 20}))
	for _, key := range []string{"work/minio/chunks", "work/minio/parts"} {
		object, err := client.GetObject(t.Context(), f.bucket, key, minio.GetObjectOptions{})
		f.check(err)
		got, err := io.ReadAll(object)
		f.check(err)
		is(t, key+" is whole", bytes.Equal(got, content), true)
	}
	if err := put("other/chunks", minio.PutObjectOptions{}); minio.ToErrorResponse(err).Code != "AccessDenied" {
		t.Errorf("outside the scope: %v", err)
	}
}

func (f *front) cdk(t *testing.T) {
	open := func() *blob.Bucket {
		bucket, err := s3blob.OpenBucket(t.Context(), f.actor("vended", "", f.keys).s3, f.bucket, nil)
		f.check(err)
		return bucket
	}
	inside, bucket := blob.PrefixedBucket(open(), "work/cdk/"), open()
	defer inside.Close()
	defer bucket.Close()
	f.check(inside.WriteAll(t.Context(), "x", []byte("content"), &blob.WriterOptions{ContentType: "text/plain"}))
	got, err := inside.ReadAll(t.Context(), "x")
	f.check(err)
	is(t, "content", string(got), "content")
	listed, err := inside.List(nil).Next(t.Context())
	f.check(err)
	is(t, "key", listed.Key, "x")
	f.check(inside.Copy(t.Context(), "y", "x", nil))
	f.check(inside.Delete(t.Context(), "x"))
	if _, err := inside.ReadAll(t.Context(), "x"); gcerrors.Code(err) != gcerrors.NotFound {
		t.Errorf("a deleted object: %v", err)
	}
	if _, err := bucket.ReadAll(t.Context(), "other/secret"); gcerrors.Code(err) != gcerrors.PermissionDenied {
		t.Errorf("outside the scope: %v", err)
	}
}

// env are the credential and the endpoint for programs that read AWS's variables.
func (f *front) env() []string {
	return []string{"AWS_ENDPOINT_URL=" + f.site.url, "AWS_REGION=" + region, "AWS_DEFAULT_REGION=" + region}
}

// succeeds runs a program with the credential.
func (f *front) succeeds(t *testing.T, env []string, program ...string) string {
	t.Helper()
	out, complaint, err := runs(t, f.keys, append(f.env(), env...), program...)
	if err != nil {
		t.Fatalf("%v: %v\n%s%s", program, err, out, complaint)
	}
	return out
}

// isRefused runs a program that must fail.
func (f *front) isRefused(t *testing.T, env []string, program ...string) {
	t.Helper()
	if out, complaint, err := runs(t, f.keys, append(f.env(), env...), program...); err == nil {
		t.Errorf("%v succeeded\n%s%s", program, out, complaint)
	}
}

// has skips a test whose program is not installed.
func has(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("no %s is installed (tools/stores installs it): skipped", program)
	}
}

// folder is a folder with files to carry to a store: small ones, and one of several parts.
func folder(t *testing.T) string {
	dir := t.TempDir()
	large := make([]byte, 17<<20)
	_, _ = rand.Read(large)
	for name, content := range map[string][]byte{"a b+ü": []byte("a"), "sub/empty": nil, "sub/large": large} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// sameFolder checks that a folder came back as it was.
func sameFolder(t *testing.T, want, got string) {
	t.Helper()
	if out, err := exec.Command("diff", "-r", want, got).CombinedOutput(); err != nil {
		t.Errorf("the folder came back changed: %v\n%s", err, out)
	}
}

func (f *front) cli(t *testing.T) {
	needsCLI(t)
	dir, back, at := folder(t), t.TempDir(), f.at("work/cli/")
	f.succeeds(t, nil, "aws", "s3", "sync", "--only-show-errors", dir, at)
	f.succeeds(t, nil, "aws", "s3", "sync", "--only-show-errors", at, back)
	sameFolder(t, dir, back)
	f.succeeds(t, nil, "aws", "s3", "cp", "--only-show-errors", at+"sub/large", at+"copy")
	f.succeeds(t, nil, "aws", "s3", "rm", "--only-show-errors", "--recursive", at+"sub/")
	f.isRefused(t, nil, "aws", "s3", "cp", f.at("other/secret"), "-")
	f.isRefused(t, nil, "aws", "s3", "ls", f.at(""))
}

func (f *front) s3cmd(t *testing.T) {
	has(t, "s3cmd")
	dir, back, at := folder(t), t.TempDir(), f.at("work/s3cmd/")
	s3cmd := func(args ...string) []string {
		return append([]string{"s3cmd", "--config=/dev/null", "--no-ssl", "--host=" + f.site.addr(),
			"--host-bucket=" + f.site.addr(), "--region=" + region, "--access_key=" + f.keys.AccessKeyID,
			"--secret_key=" + f.keys.SecretAccessKey, "--access_token=" + f.keys.SessionToken,
			"--multipart-chunk-size-mb=5", "--quiet"}, args...)
	}
	f.succeeds(t, nil, s3cmd("sync", dir+"/", at)...)
	f.succeeds(t, nil, s3cmd("sync", at, back+"/")...)
	sameFolder(t, dir, back)
	f.succeeds(t, nil, s3cmd("del", at+"sub/large")...)
	f.isRefused(t, nil, s3cmd("put", filepath.Join(dir, "a b+ü"), f.at("other/x"))...)
}

func (f *front) rclone(t *testing.T) {
	has(t, "rclone")
	dir, back, at := folder(t), t.TempDir(), "store:"+f.bucket+"/work/rclone"
	env := []string{"RCLONE_CONFIG=/nonexistent", "RCLONE_CONFIG_STORE_TYPE=s3", "RCLONE_CONFIG_STORE_PROVIDER=Other",
		"RCLONE_CONFIG_STORE_ENV_AUTH=true", "RCLONE_CONFIG_STORE_ENDPOINT=" + f.site.url,
		"RCLONE_CONFIG_STORE_REGION=" + region,
		"RCLONE_S3_UPLOAD_CUTOFF=5M", "RCLONE_S3_CHUNK_SIZE=5M", "RCLONE_S3_NO_CHECK_BUCKET=true", "RCLONE_RETRIES=1"}
	f.succeeds(t, env, "rclone", "sync", dir, at)
	f.succeeds(t, env, "rclone", "check", dir, at)
	f.succeeds(t, env, "rclone", "copy", at, back)
	sameFolder(t, dir, back)
	f.succeeds(t, env, "rclone", "moveto", at+"/sub/large", at+"/moved")
	f.succeeds(t, env, "rclone", "delete", at+"/moved")
	f.isRefused(t, env, "rclone", "copy", dir, "store:"+f.bucket+"/other")
}

func (f *front) javaScript(t *testing.T) {
	nodeOrSkip(t)
	out := f.succeeds(t, nil, "node", filepath.Join("js", "through.mjs"), f.site.url, f.bucket, "work/")
	is(t, "what the script said last", lastLine(out), "the prefix was walked")
}

func (f *front) lance(t *testing.T) {
	has(t, "node")
	if _, err := os.Stat(filepath.Join("lance", "node_modules")); err != nil {
		t.Skip("LanceDB's npm packages are not installed (tools/stores installs them): skipped")
	}
	out := f.succeeds(t, nil, "node", filepath.Join("lance", "table.mjs"), f.site.url, f.at("work/lance"),
		f.at("other/lance"))
	is(t, "what the script said last", lastLine(out), "the table was walked")
}
