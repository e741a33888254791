// Package upstream is the contract between the gateway and a store: the embedded one, or one that others run.
//
// It owns the interface, the body of a write, and the reader of copy sources. It knows no HTTP request and no caller.
// Before the gateway calls an upstream, it has recognised the operation, decoded its input, authorised every key that
// the input names, and verified the request's signature. upstreamtest is this contract as tests. Every upstream passes
// them.
//
// # Calls
//
// An upstream performs a Call and answers with a pointer to the operation's output. It builds what it sends to its
// store from the typed input alone. It ignores no member of the input silently: a member that neither the upstream nor
// the gateway acts on is refused with Unsupported. An operation that the upstream does not know is Unsupported of
// fault.Operation. Many goroutines may call an upstream at once. When the context ends, Do returns soon. An output's
// stream stays readable until the caller closes it, and fails if the context ends.
//
// An upstream that sends requests to a store over the network adds each of them to the call's Trace, retries included,
// with the ids that the store gave it.
//
// Keys are bytes. An upstream that is Flat keeps each key as it came: `a//b`, `a/../b` and `a/b` are three objects. In
// front of one that is not Flat the gateway refuses keys and prefixes with the segments that a path would fold.
//
// # Bodies
//
// A body is verified only at its end. Whether its hash, its chunks' signatures, its checksums and its length are right,
// and whether the caller may still write, is known only when Read returns io.EOF. Until then the body keeps the last
// bytes back, so that no reader ever has all bytes of a body that is not valid. Therefore:
//
//   - An upstream reads a body to io.EOF and makes nothing of it visible before that. On any other error it undoes the
//     write: the object that had the key stays, the part that had the number stays, no new one appears, and later calls
//     find no trace. Only io.EOF itself is the end; an error that wraps it, and io.ErrUnexpectedEOF, are failures.
//   - A store that receives the body as it arrives must not take a part for the whole: the upstream announces Length
//     to it, or a framing with an end, and breaks the connection when the body fails.
//   - A fault that Read returns is the failure of the call, as it is. Any other error of Read is Incomplete of
//     fault.Body.
//   - A body of another length than Length is Incomplete of fault.Body.
//   - The store checks the checksums of the input and of the trailers. One that does not match is Invalid of
//     fault.Checksum, or of fault.Digest for Content-MD5. An announced checksum that does not come is Malformed.
//
// # Buckets
//
// A bucket may be in an upstream although no account owns it. CreateBucket has a nonce that no other creation has. The
// upstream stores the nonce with the bucket durably. If CreateBucket succeeds, the upstream made the bucket for this
// nonce, now or before. Any other bucket of the name is AlreadyExists, whoever made it, "you own it already" included.
// A fault of the kinds Invalid, Malformed, Denied, AlreadyExists, LimitExceeded, TooLarge and Unsupported says that
// nothing was made. After any other failure the bucket may have been made.
//
// HeadBucket and DeleteBucket with a nonce are about the bucket that was made with it, and NotFound if another one has
// the name. Without a nonce they are about any bucket of the name. ListBuckets lists all buckets of the upstream in the
// order of their names, whoever owns them, page by page.
//
// An upstream that cannot store a nonce says so in its Traits. It asks for the bucket with HeadBucket before it creates
// one. It reports success only if there was no bucket and its store says that this very request created it, never
// because the bucket exists or belongs to the store's user. It answers NotFound to HeadBucket with a nonce, so that an
// operator must adopt the bucket of a creation whose answer was lost. Its buckets are registered without a nonce.
//
// # Failures
//
// The gateway takes a failure that is not a fault for Internal. These faults have a meaning for the gateway or for
// clients, and an upstream must use them:
//
//	NotFound       Bucket, Key, Upload, Object (a version)    there is none
//	AlreadyExists  Bucket or BucketOwned                      see above
//	InUse          Bucket                                     a bucket that is not empty is not deleted
//	Precondition   any                                        If-Match, If-Unmodified-Since or a write's condition fails
//	NotModified    any                                        a condition of a read fails; fields ETag, Last-Modified
//	Range          ByteRange or Part                          nothing of the range is there
//	Invalid        Part, PartOrder, PartSize                  CompleteMultipartUpload: see S3
//	Incomplete, Invalid, Malformed                            a body that is not valid: see above
//	TooLarge       ObjectSize                                 a body longer than the store takes
//	LimitExceeded  Storage                                    the store is full
//	Unsupported    Header, Operation                          the store does not serve it
//	Throttled      any                                        the store asks for fewer requests; field Retry-After
//	Unavailable    Upstream                                   the store does not answer; field Retry-After, in seconds
//	Unavailable    any                                        the store refuses our credentials, or is no S3 store
//
// A failure that the store worded itself carries those words: see fault.Foreign. The kind is chosen by the store's code
// all the same, because the gateway decides by kinds: a key that is NotFound is hidden from callers who may not list.
// A refusal of the gateway's own credentials is Unavailable without those words, never Denied or Unauthenticated: the
// client did nothing wrong, and must not throw its own credentials away.
package upstream
