// Package directory holds the entities of a corporate directory: identity stores, users, groups and memberships,
// their immutable ids, what a valid one is, what makes one unique, and how an update by attribute paths changes one.
//
// It is pure: no clock, no chance, no I/O, nothing else of this program. It does not own who may change what
// (control/identitystore), how rows are kept (store), or who is in what at the moment (engine).
//
// The rules are those of the Identity Store API reference (CreateUser, CreateGroup, UpdateUser); where a rule is
// ours, its place says so. Every error of this package is an *Error, whose text a client may see. Attributes are
// personal data: no text repeats a value.
package directory
