// Package ldapsync keeps the users, groups and memberships that came from an LDAP server, or Active Directory, equal to
// what the server has.
//
// It owns the configuration of such sources, the plan of a run, its application in bounded commits, and the lease that
// keeps two nodes from running at once. Package ldap reads the server; package provision writes into the identity
// store.
//
// # Who is who
//
// An entry is known by its immutable id, which stands in the external ids of its user or group under the issuer
// "ldap:NAME" of the source. A rename or a move changes attributes and never the UserId or GroupId that grants name.
// Users and groups of any other origin are never touched, nor are memberships that one of them has part in; where one
// of them has the name of an entry, that is a conflict, which is told and resolved by a person. Between a user and a
// group of the source there is no membership but the server's: one that an administrator made goes with the next run.
//
// # Who goes
//
// Somebody whom the server disables, or no longer has, is disabled at once and loses every membership of the source;
// a group that the server no longer has is emptied at once. They are deleted when they have been gone for DeleteAfter,
// or when somebody new has their name. Whom an administrator disabled here stays so whatever the server says.
//
// A run that would remove more than a share of what the source has brought, or that finds nobody, is refused as a
// whole: see Source.MaxRemoval. That the server disables somebody in so many words does not count towards the share.
//
// What a run takes away is committed before anything that it gives: where it breaks off, it has erred on the closed
// side, and the next run finishes it.
package ldapsync
