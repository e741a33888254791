package store

import "crypto/rand"

// KindStamp is a change that tells of no row: its id is drawn for one revision.
const KindStamp Kind = "stamp"

// Stamp marks the revision with a random id in the change list, if the transaction has changed anything so
// far. Whoever remembers the change list of a revision can then tell it from any other revision with the
// same number, as there is after a restore from a backup.
func (t *Tx) Stamp() {
	if len(t.changes) > 0 {
		t.changed(KindStamp, rand.Text(), Inserted)
	}
}
