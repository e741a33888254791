package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// client is one client of a target, with a connection of its own.
type client struct {
	at     *target
	http   *http.Client
	signer *v4.Signer
}

func newClient(t *target) *client {
	return &client{t, &http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 1,
		WriteBufferSize: 32 << 10}}, v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })}
}

func (c *client) close() { c.http.CloseIdleConnections() }

// buffers are what clients read into.
var buffers = sync.Pool{New: func() any { b := make([]byte, 1<<20); return &b }}

// signBelow is the size up to which a client signs the content, as the SDKs do over plain HTTP. Above it the hash would
// cost the client more than everything else.
const signBelow = 1 << 20

// must sends a request and reads its answer, which must be a success.
func (c *client) must(ctx context.Context, method, path string, body []byte) error {
	hash := "UNSIGNED-PAYLOAD"
	if len(body) < signBelow {
		sum := sha256.Sum256(body)
		hash = hex.EncodeToString(sum[:])
	}
	return c.send(ctx, method, path, hash, bytes.NewReader(body))
}

func (c *client) send(ctx context.Context, method, path, hash string, body io.Reader) error {
	r, err := http.NewRequestWithContext(ctx, method, c.at.url+path, body)
	if err != nil {
		return err
	}
	if sized, ok := body.(*stream); ok {
		r.ContentLength = sized.left
	}
	r.Header.Set("X-Amz-Content-Sha256", hash)
	if err := c.signer.SignHTTP(ctx, c.at.keys, r, hash, "s3", "us-east-1", time.Now()); err != nil {
		return err
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 500))
		return fmt.Errorf("%s %s%s: %d %s", method, c.at.url, path, resp.StatusCode, text)
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	for {
		_, err := resp.Body.Read(*buf)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// stream is content of any length that takes no memory.
type stream struct{ left int64 }

func (s *stream) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), s.left)
	s.left -= n
	return int(n), nil
}
