// Package directory holds the entities of a corporate directory: identity stores, users, groups and memberships. It
// owns their immutable ids, the rules for valid and unique ones, and updates by attribute paths.
//
// It is pure: it has no clock, no randomness and no I/O, and uses nothing else of this program. It does not own who
// may change an entity (control/identitystore), how rows are stored (store), or who is a member of which group now
// (engine).
//
// The rules are those of the Identity Store API reference (CreateUser, CreateGroup, UpdateUser). A comment marks each
// rule that is our own. Every error of this package is an *Error, whose text a client may see. Attributes are
// personal data, so no text repeats a value.
package directory
