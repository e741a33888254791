// Package access decides which grant answers a request for data, and why.
//
// It owns the entities of S3 Access Grants (instances, locations, grants, grantees, permissions, scopes,
// tags), the rules about which of them may exist, and the index that finds the one grant that answers
// a request among millions. It is pure: no clock, no chance, no context, no storage, no wire. Who the
// caller is, what its policies allow, what is stored and what is recorded is decided elsewhere.
//
// # The grammar of scopes
//
//	scope    = "s3://" bucket [ "/" key [ "*" ] ]
//	location = "s3://" | scope
//
// Only a trailing asterisk is a wildcard: any key that starts with the bytes before it. Every other
// asterisk and every question mark is refused, because it would widen a policy made from the scope.
// Everything else is compared byte by byte: no decoding, no cleaning of paths, no case folding.
// "s3://b/team*" therefore covers "s3://b/team-secret/x"; "s3://b/team/*" does not.
//
// # Which grant wins
//
// All identities of the caller count. A grant answers when its grantee is one of them, its permission
// covers the requested one, its application is the caller's or any, and its scope contains the target.
// Of those the longest scope wins, an exact object before any wildcard. Equal scopes: the least
// permission that suffices, then directory user before directory group before IAM, then the oldest.
// READ and WRITE grants do not add up to READWRITE.
package access
