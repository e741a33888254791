// Package remote is an upstream in front of any S3 store that others run: Ceph, MinIO, versitygw, AWS, another
// Latchkey.
//
// It owns the way of one call to the store and back: the request, its signature, the connection, the answer and the
// store's failures. It knows no caller and no account. It decides nothing about who may do what, and it keeps no state
// but connections and which of the store's endpoints are away.
//
// # Requests
//
// A request is built from the call's typed input by the client's side of package awswire, and signed with the store's
// own credentials. Nothing of the request that the gateway received travels: no header, no query, no signature. The
// package is driven by the operation: it finds the members that need care (buckets, copy sources, owners, encoded
// names) by their names on the wire, so that an operation that is added later needs no code here. The members that only
// the gateway can act on are left out or refused: see member.
//
// # Bodies
//
// A body streams. The store is told its length, and gets the last byte only when the body has ended and every check of
// it passed: see sending. A checksum that is known before the body travels in its header, one that comes behind the
// body travels behind it again, in the framing aws-chunked. A body of unknown length is kept until it has ended, in
// memory or in a file that has no name, because most stores take no object whose length they are not told.
//
// # Failures
//
// The store's words are kept where they are S3's. A store that refuses our own credentials, redirects, answers with
// something that is not S3, or does not answer in time is Unavailable. After some such failures in a row an endpoint is
// left alone for a while, and if all are, calls fail at once with the time after which to try again: see endpoint.
//
// A call is sent a second time only if the store cannot have begun it: no connection was made, or the store closed the
// connection before it asked for the body. Besides, net/http sends GET and HEAD again if the store closed a connection
// that had been idle.
package remote
