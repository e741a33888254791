// Package engine keeps in memory the whole state that decisions need: one immutable Snapshot of accounts, principals,
// policies, buckets, instances, locations and grants, kept equal to the store.
//
// It owns how the snapshot follows the store's change list, how stale the snapshot may be, and what the policies of a
// principal are. It writes nothing except through Update, and it makes no decisions.
package engine
