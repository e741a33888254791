// Package storetest holds the one contract of package store and the databases to run it on. Every database
// that the store supports must pass Run.
//
// It owns tests and their PostgreSQL server; no program imports it.
package storetest

import (
	"testing"

	"latchkey/internal/store"
)

// Run checks the contract. open must return a fresh database at every call, and the test must close it.
func Run(t *testing.T, open func(*testing.T) *store.DB) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, *store.DB)
	}{
		{"revisions are without gaps and in commit order", revisions},
		{"a poller misses no change", poller},
		{"a failed update leaves nothing", rollback},
		{"a panic in an update leaves nothing and the store usable", panics},
		{"an update without a change takes no revision", unchanged},
		{"an update reads its own writes and others do not", readYourWrites},
		{"one transaction has one timestamp", timestamps},
		{"a cancelled update leaves nothing and harms no other", cancelled},
		{"changes are never a part of a revision", wholeRevisions},
		{"a reader behind the pruned changes is told so", pruned},
		{"changes are forgotten by and by", prunedByAndBy},
		{"rows that have no more use are found and deleted", obsolete},
		{"a waiter is woken by a change", waiter},
		{"a snapshot does not move", snapshot},
		{"ids and names are unique", unique},
		{"times and every field survive", survive},
		{"tables list in the order of creation", listing},
		{"grants are unique by their key", grantKeys},
		{"grants are filtered and paged", grantPages},
		{"grants are counted without a scan", grantCounts},
		{"grants are scanned in the order of creation", grantScan},
		{"many grants are one revision", grantBulk},
		{"grant tags are set and read", grantTags},
		{"scopes as long as they may be are stored", longTexts},
		{"a directory is deleted as a whole", deleteDirectory},
		{"keys besides the name are unique", furtherKeys},
		{"memberships are kept, listed and go with user and group", membershipRows},
		{"memberships are scanned in the order of creation", membershipScan},
		{"rows cut what they no longer say", cuts},
		{"memberships that have ended are history", pastMemberships},
		{"memberships of a time are listed in pages", membershipsOfNow},
		{"cuts of single sessions are removed", cutsOfSessions},
		{"a lease is one node's at a time", lease},
		{"what a synchronisation remembers is kept", syncMarks},
		{"a person's sign-ins are kept, and the oldest make room", personSignIns},
		{"a provider's URL is unique without its scheme", oidcProviders},
		{"audit records are kept in order", auditOrder},
		{"audit records are filtered and paged", auditFilters},
		{"audit records commit or roll back with their change", auditInUpdate},
		{"old audit records are removed, and no others", auditRemoval},
		{"the size of the audit log is known without a scan", auditSizes},
		{"hostile texts can be recorded", auditHostile},
		{"updates and records do not starve each other", mixed},
		{"a closed store refuses", closed},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}
