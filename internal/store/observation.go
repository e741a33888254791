package store

import (
	"latchkey/internal/bucket"
	"latchkey/internal/fault"
)

// Kinds of the rows of what was seen in upstreams.
const (
	KindBucketObservation   Kind = "bucket-observation"
	KindUpstreamObservation Kind = "upstream-observation"
)

// BucketObservations: id is upstream and bucket; parent is the upstream. The engine's snapshot does not hold them:
// nothing is decided by them.
var BucketObservations = Table[bucket.Observation]{
	Kind: KindBucketObservation, Entity: fault.Bucket,
	Key: func(o *bucket.Observation) Key { return Key{ID: ObservationID(o.Upstream, o.Name), Parent: o.Upstream} },
}

// ObservationID is the id of a bucket's observation. Neither name has a slash.
func ObservationID(upstream, bucket string) string { return upstream + "/" + bucket }

// UpstreamObservations: id is the upstream. The engine's snapshot does not hold them.
var UpstreamObservations = Table[bucket.UpstreamObservation]{
	Kind: KindUpstreamObservation, Entity: fault.Upstream,
	Key: func(o *bucket.UpstreamObservation) Key { return Key{ID: o.Upstream} },
}
