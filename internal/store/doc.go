// Package store keeps everything that must survive: rows of entities, grants, the change list and the audit log. It
// uses SQLite (one file, the default) or PostgreSQL, with one SQL text and one set of migrations.
//
// It owns transactions, revisions and durability. What a returned call wrote survives a power cut. Every committed
// change has a revision. Revisions are without gaps and in commit order. It does not own what the entities mean or who
// may change them (packages iam, access, control), nor any cache of them (engine). Secrets are sealed before they reach
// it. It never seals or opens one, except its own check value.
//
// Reads take a Querier: a *DB (each call sees what is committed then), a *Tx (sees its own writes) or a *Reader (one
// consistent revision). Writes take a *Tx, which only DB.Update makes.
//
// No SQL orders by text or compares ranges of text, because databases disagree about collation. The order is always by
// integers.
package store
