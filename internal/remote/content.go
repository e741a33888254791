package remote

import (
	"context"
	"errors"
	"io"
	"reflect"
	"sync"
	"time"
)

// content is an object on its way to the client. It fails if the store gives no further byte for a while. The time in
// which the client takes nothing does not count. It gives io.EOF only if the store's answer was whole: net/http counts
// the bytes of an answer, and sees the end of one in chunks.
type content struct {
	io.ReadCloser
	stage  *stage
	cancel context.CancelCauseFunc
	idle   time.Duration
	length int64 // announced; negative: unknown
	once   sync.Once
}

// Read implements io.Reader.
func (c *content) Read(p []byte) (int, error) {
	c.stage.timer.Reset(c.idle)
	n, err := c.ReadCloser.Read(p)
	c.stage.timer.Stop()
	if err != nil && err != io.EOF && c.stage.over.Load() {
		err = errors.New("the store takes too long to send an object")
	}
	return n, err
}

// WriteTo copies the object by a large buffer. awswire calls it.
func (c *content) WriteTo(w io.Writer) (total int64, err error) {
	return buffers.copy(w, c, c.length)
}

// Close ends the call. It breaks the connection if the object was not read to its end.
func (c *content) Close() error {
	var err error
	c.once.Do(func() {
		err = c.ReadCloser.Close()
		c.stage.timer.Stop()
		c.cancel(errStopped)
	})
	return err
}

// stream is the streamed body of an output; nil: there is none.
func (k *call) stream(out any) io.ReadCloser {
	if k.shape.out.stream < 0 {
		return nil
	}
	body, _ := reflect.ValueOf(out).Elem().Field(k.shape.out.stream).Interface().(io.ReadCloser)
	return body
}

func (k *call) setStream(out any, body io.ReadCloser) {
	reflect.ValueOf(out).Elem().Field(k.shape.out.stream).Set(reflect.ValueOf(body))
}
