package events

import (
	"context"
	"time"
)

// Sink is where records end.
type Sink interface {
	// Write keeps records. If it fails, it is called again with the same records, until it succeeds or the records are
	// given up. It must then not write those once more that it has kept. One goroutine calls it.
	Write(ctx context.Context, batch []Record) error
	// Close writes what the sink still has, and ends it. It is called once, after the last Write.
	Close() error
}

// Pipe is a sink with its buffer.
type Pipe struct {
	Name  string // in metrics and the log: file, bucket, otlp
	Sink  Sink
	Block bool // a request waits for room in the buffer; false: records that find no room are dropped

	Linger  time.Duration // how long a record waits for others, so that they are written together
	Enough  int64         // bytes of lines that are written together, without more waiting
	Most    int           // records in one batch; 0: no bound
	Retries int           // how often a batch is tried again before it is given up; 0: for ever
}

// Limits bound the buffer of each sink.
type Limits struct {
	Records int           // how many records wait at most
	Bytes   int64         // how many bytes of memory they take at most, roughly
	Wait    time.Duration // how long a request waits for room at most
}

// DefaultLimits hold some seconds of a busy node's records.
var DefaultLimits = Limits{Records: 50_000, Bytes: 64 << 20, Wait: 5 * time.Second}

// Rejected is the error of a Write whose records will never be kept, however often they are sent: by some of them or by
// all. The batch is not tried again.
type Rejected struct {
	Records int // how many were refused
	Err     error
}

func (e *Rejected) Error() string { return e.Err.Error() }

// Unwrap is the sink's own error.
func (e *Rejected) Unwrap() error { return e.Err }
