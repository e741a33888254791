// Package objects is the embedded object store. It has buckets, objects and multipart uploads with the semantics of
// Amazon S3. What it has acknowledged is durable. It runs on one machine.
//
// It owns one folder: a SQLite file with the metadata and the content of small objects, and a tree of blob files under
// random names with the content of the others. Keys are literal bytes and never become a path, so `a//b`, `a/../b` and
// `a/b` are three objects. The store acknowledges a write when the blob, the blob's folder and the row that names the
// blob are on the disk, in this order. What a crash leaves half written is an orphan. The next Open removes orphans,
// and SweepOrphans removes them while the store is in use. An upload that nobody completes stays until AbortAbandoned
// ends it.
//
// It does not know who is calling. The gateway and the control plane have the signatures, permissions, payload hashes,
// bucket ownership, bucket policies, locations and the list of an account's buckets. A bucket here is a name that has
// objects, and the nonce that the bucket was made with: see MakeBucket.
package objects
