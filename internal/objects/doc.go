// Package objects is the embedded object store: buckets, objects and multipart uploads with the
// semantics of Amazon S3, durable when acknowledged, on one machine.
//
// It owns one folder: a SQLite file with the metadata and the content of small objects, and a tree of
// blob files under random names with the content of the others. Keys are literal bytes and never become
// a path, so `a//b`, `a/../b` and `a/b` are three objects. A write is acknowledged when its blob, the
// blob's folder and the row that names it are on the disk, in this order; whatever a crash leaves half
// written is an orphan that the next Open removes, or SweepOrphans while the store is in use. An upload that
// nobody completes stays, unless AbortAbandoned is told after how long it may go.
//
// It does not know who is calling. Signatures, permissions, payload hashes, bucket ownership, bucket
// policies, locations and the list of an account's buckets are the gateway's and the control plane's; a
// bucket here is a name that has objects, and the nonce that it was made with: see MakeBucket.
package objects
