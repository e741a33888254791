package bucket

import "time"

// Observation is what was last seen of a bucket in an upstream, whether an account owns it or not.
type Observation struct {
	Upstream   string
	Name       string
	Made       time.Time // when the bucket was made, as the store tells it; zero: it does not tell
	Versioning string    // Enabled, Suspended or empty, as the store tells it
	Registered bool      // an account had the bucket

	Missing  time.Time `json:",omitzero"` // since when the store does not have the bucket; zero: it has it
	Replaced time.Time `json:",omitzero"` // when the store's bucket was found to be made anew; zero: it was not
}

// UpstreamObservation is what was last seen of an upstream.
type UpstreamObservation struct {
	Upstream string
	Time     time.Time // when all of its buckets were last looked at; zero: never
	Problem  string    `json:",omitempty"` // why the last attempt failed; empty: it did not

	Registered, Unregistered, Missing int // buckets

	Changes []UpstreamChange // what others changed in the store, the newest last; bounded
}

// UpstreamChange is something that changed in a store and was not asked of it here.
type UpstreamChange struct {
	Time   time.Time // when it was noticed
	Bucket string
	Text   string
}
