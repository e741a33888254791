// Package sigv4 checks AWS Signature Version 4 on the server's side: in the Authorization header, in the query of a
// presigned URL, and in chunked bodies with their trailers.
//
// It owns what is signed and how that is checked, in two steps, so that the lookup of the secret sits between them:
// [Parse] says who claims to have signed what, [Signed.Verify] says whether it is true, and [Signed.Body] then
// delivers the body and keeps checking it. It knows [http.Request] and no entity: which access keys exist, which region
// or service is ours and what a caller may do are for others.
//
// Three rules hold throughout:
//   - what is not signed does not count: every x-amz-* header must be signed, and a caller of this package takes path
//     and query from [Signed.Path] and [Signed.Query], which are the bytes that the signature covers;
//   - a request with two readings is refused: two signatures, two values, two lengths, two tokens;
//   - the last bytes of a body are delivered only when everything that was promised about it held, so whoever copies
//     the body elsewhere under its announced length can never complete a forged or truncated one.
package sigv4
