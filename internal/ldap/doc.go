// Package ldap reads the people and groups of an LDAP server, or of Active Directory, into plain values.
//
// It owns the connection (LDAPS, StartTLS, fail-over, time-outs), paged and ranged reading, how entries become users
// and groups in each vendor's way, and who is in a group through other groups. It writes nothing, neither to the server
// nor here, follows no referral, and does not know what becomes of what it read: package control/ldapsync does.
//
// Everything that comes from the server is somebody else's: entries that cannot be taken as they are say why in a
// Problem or a Conflict, and how many bytes a server may send for one request, how many entries and how many members it
// may have in all, is bounded: tightly so until the bind has succeeded.
package ldap
