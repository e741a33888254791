package awswire

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
)

// Endpoint says where a client's requests go.
type Endpoint struct {
	// URL has a scheme (http or https), a host, and at most a path, which comes before the path of every operation.
	URL *url.URL

	// HostPrefix puts the prefix that the operation's model wants before the host, such as S3 Control's account id. A
	// server that has no such host names reads the account id from a header.
	HostPrefix bool

	// Token makes an idempotency token for an input that has none and needs one; nil: a random UUID.
	Token func() string
}

// NewRequest makes the HTTP request of an operation. in is a pointer to its input. The request depends on the input
// alone. Path labels and query parameters are percent-encoded byte by byte, so that the server reads the same object
// key, whatever the key contains.
//
// A payload that is a stream becomes the request's body. Its length must be known from the input's Content-Length
// member, or from a method Len, such as that of bytes.Reader. net/http sends the last byte of such a body before it
// has seen the end. A reader that checks the bytes must therefore hold back the last ones until every check has
// passed, or the server takes a body that fails its check for a complete one. For the same reason NewRequest reads a
// stream of length 0 to its end. The caller must wrap the body for chunks and trailers, and add checksums and the
// signature.
//
// NewRequest fails if a required member is absent, if a member cannot travel where its model wants it (such as a line
// feed in a header), or if the endpoint is invalid. The caller must then close the stream. Otherwise the request owns
// the stream. NewRequest does not change the input.
func NewRequest(ctx context.Context, at Endpoint, op *Operation, in any) (*http.Request, error) {
	r, err := newRequest(ctx, at, op, in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op.Name, err)
	}
	return r, nil
}

func newRequest(ctx context.Context, at Endpoint, op *Operation, in any) (*http.Request, error) {
	op.plans()
	given := reflect.ValueOf(in)
	if given.Kind() != reflect.Pointer || given.IsNil() || given.Type().Elem() != op.In {
		return nil, fmt.Errorf("the input is a %T", in)
	}
	x := reflect.New(op.In).Elem()
	x.Set(given.Elem())
	if err := complete(op.in, x, at.Token); err != nil {
		return nil, err
	}
	target, err := at.url(op, x)
	if err != nil {
		return nil, err
	}
	header, err := requestHeaders(op, x)
	if err != nil {
		return nil, err
	}
	body, contentType, err := requestBody(op, x)
	if err != nil {
		return nil, err
	}
	var reader io.Reader
	if len(body) > 0 {
		reader = bytes.NewReader(body)
	}
	method := op.Method
	if method == "" {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://endpoint.invalid/", reader)
	if err != nil {
		return nil, err
	}
	r.URL, r.Host, r.Header = target, target.Host, header
	if contentType != "" && header.Get("Content-Type") == "" {
		header.Set("Content-Type", contentType)
	}
	if p := op.in.payload; p != nil && p.kind == kindStream {
		if err := streamBody(r, op, x); err != nil {
			return nil, err
		}
	}
	if op.out.streams() {
		// Without this header net/http asks for gzip and unpacks the answer, and an object would arrive changed.
		header.Set("Accept-Encoding", "identity")
	}
	return r, nil
}

// complete adds an idempotency token where one is needed. It refuses an input with an absent required member.
func complete(p *plan, x reflect.Value, token func() string) error {
	for i := range p.members {
		m := &p.members[i]
		f := x.Field(m.index)
		if !empty(&m.value, f) {
			continue
		}
		if m.idempotent && f.Type() == reflect.TypeFor[*string]() {
			if token == nil {
				token = randomUUID
			}
			f.Set(reflect.ValueOf(new(token())))
			continue
		}
		if m.required && m.kind != kindStream {
			return fmt.Errorf("the member %s is needed", m.camel)
		}
	}
	return nil
}

// randomUUID makes a version 4 UUID, as SDKs do for idempotency tokens.
func randomUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never returns an error: it ends the program
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// streamBody makes the input's stream the request's body.
func streamBody(r *http.Request, op *Operation, x reflect.Value) error {
	body, _ := x.Field(op.in.payload.index).Interface().(io.ReadCloser)
	if body == nil {
		return nil
	}
	length, known := streamLength(op, x)
	if !known {
		if sized, ok := body.(interface{ Len() int }); ok {
			length, known = int64(sized.Len()), true
		}
	}
	switch {
	case !known:
		return errors.New("the length of the body is not known")
	case length < 0:
		return fmt.Errorf("the length of the body is %d", length)
	case length > 0:
		r.Body, r.ContentLength = body, length
		return nil
	}
	// net/http takes length 0 for an unknown length. The body is read here, because its checks may still fail.
	defer body.Close()
	var one [1]byte
	switch n, err := io.ReadFull(body, one[:]); {
	case n > 0:
		return errors.New("the body is longer than it says")
	case !errors.Is(err, io.EOF):
		return err
	}
	r.Body = http.NoBody
	return nil
}

// streamLength finds the member with the length of the stream.
func streamLength(op *Operation, x reflect.Value) (int64, bool) {
	for i := range op.in.members {
		m := &op.in.members[i]
		if f := x.Field(m.index); m.contentLength() && !empty(&m.value, f) {
			return direct(f).Int(), true
		}
	}
	return 0, false
}
