package fault

// Foreign is a failure as an upstream, a store behind the gateway, reported it in its answer. A fault has it beside its
// own kind and entity, which decide what the program does. Only implementations of upstream.Upstream set it, so that a
// decision of ours never looks like that of an upstream.
type Foreign struct {
	Code      string // the store's error code, such as NoSuchKey
	Status    int    // the store's HTTP status
	Message   string // the store's text, which the client may see
	RequestID string // the store's id of the request; empty: none
}
