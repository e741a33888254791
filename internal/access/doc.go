// Package access decides which grant answers a request for data, and why.
//
// It owns the entities of S3 Access Grants (instances, locations, grants, grantees, permissions, scopes, tags), the
// rules about which of them may exist, and the index that finds the one grant that answers a request among millions.
// It is pure: it has no clock, no randomness, no context, no storage and no wire format. Other packages decide who
// the caller is, what the caller's policies allow, what is stored and what is recorded.
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
// All identities of the caller count. A grant answers a request when its grantee is one of the identities, its
// permission covers the requested one, its application is the caller's or any, and its scope contains the target. The
// grant with the longest scope wins; an exact object comes before any wildcard. Among grants of the same scope the
// least permission that suffices wins, then directory user before directory group before IAM, then the oldest grant.
// READ and WRITE grants do not add up to READWRITE.
package access
