// Package ldapsync keeps the users, groups and memberships that came from an LDAP server, or Active Directory, equal to
// those on the server.
//
// It owns the configuration of such sources, the plan of a run, its application in bounded commits, and the lease that
// prevents two nodes from running at once. Package ldap reads the server. Package provision writes into the identity
// store.
//
// # Identity of entries
//
// An entry is identified by its immutable id. The id is an external id of the entry's user or group, and its issuer is
// "ldap:NAME" for the source NAME. A rename or a move changes attributes, and never the UserId or GroupId that grants
// name. A run never changes users and groups of another origin, or memberships that include one of them. Where one of
// them has the name of an entry, the run reports a conflict, which a person has to resolve. Memberships between a user
// and a group of the source are the server's alone: the next run removes one that an administrator made.
//
// # Removal
//
// A user whom the server disables, or no longer has, is disabled at once and loses every membership of the source. A
// group that the server no longer has is emptied at once. Users and groups are deleted when they have been absent for
// DeleteAfter, or when a new entry has their name. A user whom an administrator disabled here stays disabled, whatever
// the server says.
//
// A run is refused as a whole when it would remove more than a share of what the source has brought, or when it finds
// nobody: see Source.MaxRemoval. Users whom the server disables explicitly do not count towards the share.
//
// A run commits all removals before anything that it adds. If it stops halfway, too much has been removed rather than
// too much added, and the next run finishes the work.
package ldapsync
