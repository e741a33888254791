// Package engine keeps the whole state that decisions need in memory: one immutable Snapshot of accounts,
// principals, policies, buckets, instances, locations and grants, kept equal to the store.
//
// It owns how the snapshot follows the store's change list, how stale it may be, and what a principal's
// policies are. It writes nothing but through Update, and it decides nothing.
//
// # When it refuses
//
// Engine.Snapshot gives no snapshot, and so nobody gets in, when
//
//   - the database was not heard from for MaxStaleness. Time counts by the monotonic clock and by the wall
//     clock, whichever went further, so that a suspended machine knows that it slept;
//   - a change was committed by this node but the snapshot could not be brought up to it;
//   - the store went back in time or tells another history than the one that the snapshot was made from, as
//     after a restore from a backup. The engine then loads everything again before it serves;
//   - it was closed.
package engine
