// Package store keeps everything that must survive: rows of entities, grants, the change list and the audit
// log, in SQLite (one file, the default) or in PostgreSQL, with one SQL text and one set of migrations.
//
// It owns transactions, revisions and durability: what a returned call wrote survives a power cut, every
// committed change has a revision, and revisions are without gaps and in commit order. It does not own what
// the entities mean or who may change them (packages iam, access, control), nor any cache of them (engine).
// Secrets reach it sealed; it never seals or opens one, except its own check value.
//
// Reads take a Querier: a *DB (each call sees what is committed then), a *Tx (sees its own writes) or a
// *Reader (one consistent revision). Writes take a *Tx, which only DB.Update makes.
//
// Nobody orders or ranges over text in SQL, because databases disagree about collation: order is by integers.
package store
