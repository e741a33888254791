// Package ldap reads the people and groups of an LDAP server, or of Active Directory, into plain values.
//
// It owns the connection (LDAPS, StartTLS, fail-over, time-outs), paged and ranged reading, the conversion of entries
// to users and groups for each vendor, and the members of groups through nested groups. It writes nothing, neither to
// the server nor to the store, and follows no referral. Package control/ldapsync decides what is done with what was
// read.
//
// The package does not trust the server. An entry that cannot be used has a Problem or a Conflict that says why. The
// bytes of the answer to one request, the number of entries and the number of members are bounded; until the bind has
// succeeded, the bound on bytes is much lower.
package ldap
