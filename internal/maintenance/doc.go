// Package maintenance removes what nobody needs any more, a little at a time: old changes, expired codes and tokens,
// audit records past their retention, and files that a crash left in the embedded object store.
//
// It owns the loop, when a task is due, the lease that lets one node at a time run it, and the tasks. It does not
// decide whether a row is still valid: readers refuse an expired row before a task removes it. A task works in batches.
// Each batch is a commit of its own that writes nothing once the lease is lost. So a crash loses nothing, and writers
// never wait long.
package maintenance
