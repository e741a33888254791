// Package upstreams says which stores stand behind a server: how each is reached, which of its buckets are served, and
// whether it answers.
//
// It owns the configuration, the keys and their rotation, the set of upstreams by name, and their health. It knows no
// account: control/buckets knows which bucket is in which upstream, and whose it is. Package remote speaks to a store.
package upstreams
