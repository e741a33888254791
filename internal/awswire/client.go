package awswire

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
)

// UnsignedPayload stands for the hash of a body that is a stream: nobody has read it yet. Signatures know the word.
const UnsignedPayload = "UNSIGNED-PAYLOAD"

// Client calls the operations of a server. It keeps no state and may be used from many goroutines.
type Client struct {
	Endpoint Endpoint

	// HTTP sends the requests; nil: http.DefaultClient. Redirections are never followed, whatever it says: they would
	// carry a request that was signed for one server to another. They come back as an *APIError.
	HTTP *http.Client

	// Sign signs a request, or puts into it what else must be there before it is sent. payloadHash is the SHA-256 of
	// the body in hexadecimal, or UnsignedPayload. It is not called for operations that anybody may call without a
	// signature. nil: requests go out unsigned.
	Sign func(r *http.Request, op *Operation, payloadHash string) error

	// AnswerLimit bounds an answer that is no stream, in bytes; 0 means DefaultAnswerLimit.
	AnswerLimit int64
}

// Invoke calls one operation. Besides the errors of NewRequest and DecodeResponse it fails with those of Sign, and
// with a *url.Error if nobody answers. An output that is a stream must be closed by the caller.
func Invoke[In, Out any](ctx context.Context, c *Client, op Op[In, Out], in *In) (*Out, error) {
	r, err := NewRequest(ctx, c.Endpoint, op.Operation, in)
	if err != nil {
		return nil, err
	}
	out, err := c.Send(op.Operation, r)
	if err != nil {
		return nil, err
	}
	return out.(*Out), nil
}

// Send signs and sends a request that NewRequest made and whose maker may have changed it since, such as a body that
// was wrapped for trailers. It returns a pointer to the operation's output.
func (c *Client) Send(op *Operation, r *http.Request) (any, error) {
	if c.Sign != nil && !op.Unsigned {
		hash, err := payloadHash(r)
		if err == nil {
			err = c.Sign(r, op, hash)
		}
		if err != nil {
			closeBody(r)
			return nil, fmt.Errorf("%s: %w", op.Name, err)
		}
	}
	sender := *http.DefaultClient
	if c.HTTP != nil {
		sender = *c.HTTP
	}
	sender.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := sender.Do(r)
	if err != nil {
		return nil, err
	}
	return DecodeResponse(op, resp, c.AnswerLimit)
}

// payloadHash is the hash of a body that can be read again.
func payloadHash(r *http.Request) (string, error) {
	sum := sha256.New()
	if r.Body != nil && r.Body != http.NoBody {
		if r.GetBody == nil {
			return UnsignedPayload, nil
		}
		body, err := r.GetBody()
		if err != nil {
			return "", err
		}
		defer body.Close()
		if _, err := io.Copy(sum, body); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// closeBody closes the body of a request that will not be sent; net/http closes that of every other.
func closeBody(r *http.Request) {
	if r.Body != nil {
		r.Body.Close()
	}
}
