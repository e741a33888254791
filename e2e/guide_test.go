package e2e

import (
	"bytes"
	"crypto/rand"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/rogpeppe/go-internal/testscript"
)

// The walk through the S3 user guide, "Managing access with S3 Access Grants": create an instance, register a location,
// give a grant, ask for access, use it. Each step also tries what must be refused. Each client takes the walk in its
// own language: Go here, JavaScript and Python in js/ and python/, the AWS CLI in testdata/.

func TestTheGuideWithTheGoSDK(t *testing.T) {
	l := newLake(t)
	b := l.bucket
	l.root.puts(b, "finance/report.txt", "hr/salaries.txt")
	l.alice.isRefusedAccess(l.at("finance/*"), READ)

	grant := l.location.grants(l.alice, READ, "finance/*")
	c := l.alice.asks(l.at("finance/*"), READ)
	is(t, "content", c.gets(b, "finance/report.txt"), "finance/report.txt")
	same(t, "keys", c.lists(b, "finance/"), []string{"finance/report.txt"})
	c.mayNot(writing(b, "finance/new.txt"), deleting(b, "finance/report.txt"), reading(b, "hr/salaries.txt"),
		listing(b, ""))
	l.alice.may(reading(b, "finance/report.txt")) // her grant answers plain requests, too
	l.alice.mayNot(reading(b, "hr/salaries.txt"), writing(b, "finance/new.txt"))

	link := c.presigns(b, "finance/report.txt")
	is(t, "status of the link", c.follows(link).status, 200)
	is(t, "content of the link", string(c.follows(link).body), "finance/report.txt")
	is(t, "status of the link with another key",
		c.follows(strings.Replace(link, "finance/report", "hr/salaries", 1)).status, 403)

	grant.isTakenBack()
	c.mayNot(reading(b, "finance/report.txt"), listing(b, "finance/"))
	c.follows(link).mustBe(t, 403, "AccessDenied")
	l.alice.isRefusedAccess(l.at("finance/*"), READ)
}

// presigns makes a link to an object.
func (a *actor) presigns(bucket, key string) string {
	a.t.Helper()
	out, err := s3.NewPresignClient(a.s3).PresignGetObject(a.t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		a.t.Fatal(err)
	}
	return out.URL
}

// follows opens a link as a browser would, without keys.
func (a *actor) follows(link string) *answer {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet, link, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.site.do(a.t, req)
}

// minio-go signs every chunk of a body, which AWS's SDKs seldom do.
func TestTheGuideWithSignedChunks(t *testing.T) {
	l := newLake(t)
	l.location.grants(l.alice, READWRITE, "work/*")
	keys := l.alice.asks(l.at("work/*"), READWRITE).keys
	client, err := minio.New(l.site.addr(), &minio.Options{
		Creds:        credentials.NewStaticV4(keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken),
		Region:       region,
		BucketLookup: minio.BucketLookupPath,
	})
	l.check(err)
	content := make([]byte, 300<<10)
	_, _ = rand.Read(content)
	put := func(key string) error {
		_, err := client.PutObject(t.Context(), l.bucket, key, bytes.NewReader(content), int64(len(content)),
			minio.PutObjectOptions{DisableMultipart: true})
		return err
	}
	l.check(put("work/chunks"))
	object, err := client.GetObject(t.Context(), l.bucket, "work/chunks", minio.GetObjectOptions{})
	l.check(err)
	got, err := io.ReadAll(object)
	l.check(err)
	if !bytes.Equal(got, content) {
		t.Error("the object is not what was put")
	}
	if err := put("other/chunks"); minio.ToErrorResponse(err).Code != "AccessDenied" {
		t.Errorf("outside the scope: %v", err)
	}
	large := bytes.Repeat(content, 60) // 18 MB: in parts
	_, err = client.PutObject(t.Context(), l.bucket, "work/parts", bytes.NewReader(large), int64(len(large)),
		minio.PutObjectOptions{PartSize: 6 << 20})
	l.check(err)
	is(t, "size", len(l.root.gets(l.bucket, "work/parts")), len(large))
}

func TestTheGuideWithTheJavaScriptSDK(t *testing.T) {
	a := newAccount(t)
	is(t, "what the script said last", lastLine(a.node(t, "guide.mjs", a.id, a.site.endpoint())), "the guide was walked")
}

func TestTheGuideWithBoto3(t *testing.T) {
	a := newAccount(t)
	is(t, "what the script said last", lastLine(a.python(t, "guide.py", a.id)), "the guide was walked")
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}

// The terminal sessions of testdata run against a server of their own, as the root user of its first account. In them
// `aws` is the AWS CLI, run by `latchkey exec`.
func TestTerminalSessions(t *testing.T) {
	s := start(t)
	a := s.first(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			for _, kv := range plainEnv() {
				if name, value, _ := strings.Cut(kv, "="); name != "HOME" && name != "TMPDIR" && name != "PATH" {
					e.Setenv(name, value)
				}
			}
			e.Setenv("PATH", filepath.Dir(binary)+string(os.PathListSeparator)+os.Getenv("PATH"))
			e.Setenv("LATCHKEY_URL", s.url)
			e.Setenv("LATCHKEY_DATA", s.data)
			e.Setenv("ACCOUNT", a.id)
			e.Setenv("AWS_DEFAULT_OUTPUT", "json")
			return nil
		},
		Condition: func(name string) (bool, error) { return sessionConditions(t.Context(), name) },
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"let": let, "random": randomFile, "same": sameFile, "follow": s.follow,
		},
	})
}
