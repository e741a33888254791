package awswire_test

import (
	"context"
	"errors"
	"testing"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
	"latchkey/internal/fault"
)

func TestMux(t *testing.T) {
	var second awswire.Mux[int]
	boom := errors.New("boom")
	awswire.Handle(&second, s3.DeleteObject,
		func(_ context.Context, c int, in *s3.DeleteObjectRequest) (*s3.DeleteObjectOutput, error) {
			if c == 0 {
				return nil, boom
			}
			return &s3.DeleteObjectOutput{VersionId: in.Key}, nil
		})
	call := awswire.Call{Operation: s3.DeleteObject.Operation, Input: &s3.DeleteObjectRequest{Key: new("k")}}
	t.Run("a decoded call is dispatched", func(t *testing.T) {
		out, err := second.Do(t.Context(), 1, call)
		if err != nil || *out.(*s3.DeleteObjectOutput).VersionId != "k" {
			t.Error(out, err)
		}
	})
	t.Run("an error comes through without an output", func(t *testing.T) {
		if out, err := second.Do(t.Context(), 0, call); !errors.Is(err, boom) || out != nil {
			t.Error(out, err)
		}
	})
	t.Run("a call that nobody handles is refused", func(t *testing.T) {
		if _, err := second.Do(t.Context(), 1, awswire.Call{Operation: s3.GetObject.Operation}); !fault.Is(err,
			fault.Unsupported, fault.Operation) {
			t.Error(err)
		}
		if _, err := (&awswire.Mux[int]{}).Do(t.Context(), 1, call); !fault.Is(err, fault.Unsupported, fault.Operation) {
			t.Error(err)
		}
	})
	t.Run("an input of another type is refused", func(t *testing.T) {
		if out, err := second.Do(t.Context(), 1,
			awswire.Call{Operation: s3.DeleteObject.Operation, Input: &s3.GetObjectRequest{}}); err == nil {
			t.Error(out)
		}
	})
	t.Run("handling twice panics", func(t *testing.T) {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		awswire.Handle(&second, s3.DeleteObject,
			func(context.Context, int, *s3.DeleteObjectRequest) (*s3.DeleteObjectOutput, error) {
				return nil, nil
			})
	})
}
