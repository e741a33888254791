package remote

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
	"latchkey/internal/fault"
	"latchkey/internal/upstream"
)

// Store is an S3 store that others run. New makes it. It is safe for use by many goroutines.
type Store struct {
	options   Options
	limits    Limits
	log       *slog.Logger
	transport *http.Transport
	signer    *v4.Signer
	endpoints *endpoints
	shapes    sync.Map     // *awswire.Operation to *shape
	spooled   atomic.Int64 // bytes of bodies of unknown length that are in files now
	refusals  refusals
}

var _ upstream.Upstream = (*Store)(nil)

// New makes an upstream of a store. It sends nothing yet. The caller must Close it.
func New(o Options) (*Store, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Region == "" {
		o.Region = usEast1
	}
	s := &Store{options: o, limits: o.Limits.withDefaults(), log: o.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.log = s.log.With(slog.String("upstream", o.Name))
	s.signer = v4.NewSigner(func(so *v4.SignerOptions) { so.DisableURIPathEscaping = true })
	s.transport = newTransport(s.limits, o.TLS)
	s.endpoints = newEndpoints(o.Endpoints, s.limits, s.log)
	return s, nil
}

// Close closes the connections that nobody uses. Calls that are under way go on.
func (s *Store) Close() error {
	s.transport.CloseIdleConnections()
	return nil
}

// Traits says whether the store keeps keys as they are. No foreign store keeps the nonce of a bucket's creation.
func (s *Store) Traits() upstream.Traits { return upstream.Traits{Flat: s.options.Flat} }

// Do performs a call at the store. See package upstream.
func (s *Store) Do(ctx context.Context, c upstream.Call) (any, error) {
	sh := s.shape(c.Operation)
	if sh == nil {
		return nil, fault.New(fault.Unsupported, fault.Operation, "")
	}
	if err := sh.accept(c.Input); err != nil {
		return nil, err
	}
	switch c.Operation {
	case s3.CreateBucket.Operation:
		return s.createBucket(ctx, c)
	case s3.ListBuckets.Operation:
		return s.listBuckets(ctx, c)
	case s3.HeadBucket.Operation, s3.DeleteBucket.Operation:
		if c.Nonce != "" { // no bucket of this store has one
			return nil, fault.New(fault.NotFound, fault.Bucket, "")
		}
	}
	return s.call(ctx, sh, c)
}

// invoke performs a call that the store makes for itself.
func invoke[In, Out any](ctx context.Context, s *Store, op awswire.Op[In, Out], in *In) (*Out, error) {
	out, err := s.call(ctx, s.shape(op.Operation), upstream.Call{Operation: op.Operation, Input: in})
	if err != nil {
		return nil, err
	}
	return out.(*Out), nil
}
