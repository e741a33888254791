package ldapsync

import "latchkey/internal/directory"

// claim is the claim of an entry to a key: a name or an address. Only one row of a store can have a key.
type claim struct {
	have, want directory.Key // empty: none
	fixed      bool          // it keeps its key, because the wanted one cannot be read
	denied     bool
}

// keyHolder says what kind of row has a key now, in a store whose rows the plan has not changed yet.
type keyHolder int8

const (
	nobody      keyHolder = iota
	listedEntry           // an entry of the plan, see its claim
	absentEntry           // absent from the source: an entry that wants the key gets it
	otherOrigin           // a row of another origin
)

// allot decides which claims are granted, and marks the others denied.
//
// A key stays with the entry that has it and still wants it. A key that several other entries want at once goes to none
// of them: somebody who can write one more entry on the server must not be able to take a key that another entry was
// about to get. With keepOld, a denied entry keeps its old key. That may in turn deny the old key to a further entry.
func allot(claims []claim, holderOf func(directory.Key) keyHolder, keepOld bool) {
	for changed := true; changed; {
		changed = false
		kept, wanted := map[directory.Key]int{}, map[directory.Key]int{}
		for i := range claims {
			c := &claims[i]
			switch {
			case c.fixed, c.denied && keepOld, !c.denied && c.want == c.have:
				if c.have != "" {
					kept[c.have]++
				}
			case !c.denied && c.want != "":
				wanted[c.want]++
			}
		}
		for i := range claims {
			c := &claims[i]
			if c.fixed || c.denied || c.want == "" || c.want == c.have {
				continue
			}
			if kept[c.want] > 0 || wanted[c.want] > 1 || holderOf(c.want) == otherOrigin {
				c.denied, changed = true, true
			}
		}
	}
}
