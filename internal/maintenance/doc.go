// Package maintenance removes what nobody needs any more, a little at a time: old changes, expired codes and tokens,
// audit records past their retention, what a crash left of the embedded object store.
//
// It owns the loop, when a task is due, the lease that lets one node at a time run it, and the tasks. It decides for
// nobody whether something still holds: what a task removes, its readers refuse before it is removed. A task works in
// batches. Each is a commit of its own that writes nothing once the lease is lost, so that a crash loses nothing and
// writers never wait long.
package maintenance
