package upstream

import (
	"context"

	"latchkey/internal/awswire"
)

// Upstream is a store behind the gateway: see the package's comment for what an implementation must do.
type Upstream interface {
	// Traits says what the store can do. They do not change.
	Traits() Traits
	// Do performs a call and returns a pointer to the operation's output. Its errors are faults.
	Do(ctx context.Context, call Call) (any, error)
}

// Traits are the differences between stores. The zero Traits is the safe one: the gateway then refuses more.
type Traits struct {
	Flat   bool // the store keeps keys as they are; otherwise it may fold path segments
	Nonces bool // the store keeps the nonce of a bucket's creation
}

// Call is an operation to perform.
type Call struct {
	Meta
	Operation *awswire.Operation
	Input     any   // a pointer to the operation's input; its member for a streamed body is nil
	Body      *Body // the streamed body of an operation that has one; nil: the body is empty
}

// Meta is what an upstream learns of a call besides the call's input. In the calls that the server makes for itself
// only the nonce and the trace may be set.
type Meta struct {
	Owner    string // canonical id of the bucket's owner, for listings; empty: not told
	Location string // scheme and host that the client used, such as https://s3.example.org: for CompleteMultipartUpload
	// of the bucket's creation: in CreateBucket, HeadBucket and DeleteBucket; empty: any bucket of the name
	Nonce string
	// Trace is where the upstream notes every request that it sends to its store for this call. nil: nobody asks.
	Trace *Trace
}
