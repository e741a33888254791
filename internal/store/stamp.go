package store

import "crypto/rand"

// KindStamp is the kind of a change that belongs to no row. Its id is drawn for one revision.
const KindStamp Kind = "stamp"

// Stamp adds a random id to the revision's changes, if the transaction has changed anything so far. A reader that
// remembers the changes of a revision can then tell it from another revision with the same number, which exists after a
// restore from a backup.
func (t *Tx) Stamp() {
	if len(t.changes) > 0 {
		t.changed(KindStamp, rand.Text(), Inserted)
	}
}
