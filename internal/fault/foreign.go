package fault

// Foreign is how an upstream, a store behind the gateway, worded a failure: what its answer said. A fault carries it
// beside its own kind and entity, which decide what the program does. Only implementations of upstream.Upstream set it:
// nothing that we decide ourselves looks like another's decision.
type Foreign struct {
	Code      string // the store's error code, such as NoSuchKey
	Status    int    // the store's HTTP status
	Message   string // the store's text, which the client may see
	RequestID string // the store's id of the request; empty: none
}
