package gateway_test

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/control/principals"
)

func principalsOf(w *world) *principals.Principals {
	return &principals.Principals{Control: w.server.Control}
}

// lockedBuffer receives the server's log.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

type awsKeys = aws.Credentials

// upload begins a multipart upload.
func (w *world) upload(k awsKeys, path string) string {
	w.t.Helper()
	var made struct {
		ID string `xml:"UploadId"`
	}
	w.parse(w.must(k, ask{method: http.MethodPost, path: path + "?uploads"}), &made)
	return made.ID
}

// complete is the body that puts together part 1.
func complete(etag string) string {
	return "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" + escaped(etag) +
		"</ETag></Part></CompleteMultipartUpload>"
}

// deletion is the body of a DeleteObjects.
func deletion(keys ...string) string {
	var b strings.Builder
	b.WriteString("<Delete>")
	for _, k := range keys {
		b.WriteString("<Object><Key>" + escaped(k) + "</Key></Object>")
	}
	return b.String() + "</Delete>"
}

// onBucket is a bucket policy of one statement on a bucket and its objects.
func onBucket(bucket, effect, principal, action string) string {
	return allow(`{"Effect":"` + effect + `","Principal":` + principal + `,"Action":"` + action +
		`","Resource":["arn:aws:s3:::` + bucket + `","arn:aws:s3:::` + bucket + `/*"]}`)
}

// served3 are the names of all operations of the S3 model that is served.
func served3() (names []string) {
	for _, op := range s3.Service.Operations {
		names = append(names, op.Name)
	}
	return names
}

// resignCanonical sends a path as it is, signed over its one canonical spelling, as S3's rule has it.
func (w *world) resignCanonical(k awsKeys, path string) *answer {
	w.t.Helper()
	plain, err := url.PathUnescape(path)
	if err != nil {
		w.t.Fatal(err)
	}
	// An encoded slash is signed encoded: escape the segments of the raw path one by one.
	var b strings.Builder
	for i, part := range strings.Split(path, "/") {
		if i > 0 {
			b.WriteByte('/')
		}
		p, _ := url.PathUnescape(part)
		b.WriteString(strings.ReplaceAll(escape(p), "/", "%2F"))
	}
	r := w.request(k, ask{method: http.MethodGet, path: b.String()})
	r.URL.Path, r.URL.RawPath = plain, path
	return w.send(r)
}
