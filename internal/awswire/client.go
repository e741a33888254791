package awswire

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
)

// UnsignedPayload takes the place of the hash of a body that is a stream, because nobody has read the stream yet.
// SigV4 defines the word.
const UnsignedPayload = "UNSIGNED-PAYLOAD"

// Client calls the operations of a server. It keeps no state, and goroutines may share it.
type Client struct {
	Endpoint Endpoint

	// HTTP sends the requests; nil: http.DefaultClient. Redirects are never followed, whatever HTTP says, because they
	// would send a request that was signed for one server to another. A redirect is returned as an *APIError.
	HTTP *http.Client

	// Sign signs a request and adds whatever else it needs before it is sent. payloadHash is the SHA-256 of the body in
	// hexadecimal, or UnsignedPayload. Sign is not called for operations that need no signature. nil: requests are not
	// signed.
	Sign func(r *http.Request, op *Operation, payloadHash string) error

	// AnswerLimit bounds an answer that is not a stream, in bytes; 0: DefaultAnswerLimit.
	AnswerLimit int64
}

// Invoke calls one operation. Besides the errors of NewRequest, Sign and DecodeResponse it returns a *url.Error if
// the server does not answer. If the output is a stream, the caller must close it.
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

// Send signs and sends a request that NewRequest made. The caller may have changed the request in between, for
// example by wrapping its body for trailers. Send returns a pointer to the operation's output.
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

// payloadHash is the hash of a body that can be read more than once.
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

// closeBody closes the body of a request that is not sent. net/http closes the body of a request that is.
func closeBody(r *http.Request) {
	if r.Body != nil {
		r.Body.Close()
	}
}
