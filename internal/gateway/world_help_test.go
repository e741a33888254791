package gateway_test

import (
	"bytes"
	"net/http"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/control/principals"
)

func principalsOf(w *world) *principals.Principals {
	return &principals.Principals{Control: w.server.Control}
}

// lockedBuffer is where the server's log goes.
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
	return "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" + escaped(etag) + "</ETag></Part></CompleteMultipartUpload>"
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
