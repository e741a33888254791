// Package sigv4 checks AWS Signature Version 4 on the server's side: in the Authorization header, in the query of a
// presigned URL, and in chunked bodies with their trailers.
//
// It owns what is signed and how that is checked. The work has two steps, so that the caller can look up the secret
// between them: [Parse] says who claims to have signed what, and [Signed.Verify] checks the claim. [Signed.Body] then
// delivers the body and checks it on the way. The package knows [http.Request] and no entity. Other packages decide
// which access keys exist, which region and services are served, and what a caller may do.
//
// Three rules hold throughout:
//   - What is not signed does not count. Every x-amz-* header must be signed. A caller of this package takes path and
//     query from [Signed.Path] and [Signed.Query], because those are the bytes that the signature covers.
//   - A request with two readings is refused: two signatures, two values, two lengths or two tokens.
//   - The last bytes of a body are delivered only after every promise about the body was found true. A caller that
//     copies the body elsewhere under its announced length therefore never completes a forged or truncated copy.
package sigv4
