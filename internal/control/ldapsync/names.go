package ldapsync

import "latchkey/internal/directory"

// claim is an entry that wants a key, a name or an address, of which a store has one holder at a time.
type claim struct {
	have, want directory.Key // empty: none
	fixed      bool          // it keeps what it has: nothing can be read of what it wants
	denied     bool
}

// holder says who has a key at the moment, among everybody whom the plan does not move.
type holder int8

const (
	nobody  holder = iota
	mover          // an entry of the plan: see its claim
	leaver         // gone from the source: who wants the key gets it
	foreign        // of another origin
)

// allot decides which claims are granted, and marks the others denied. A key stays with whoever has it and wants it
// still; one that several others want at once goes to none of them, for whoever can write one more entry must not
// thereby take what another was about to get. Who is denied keeps what he has, if keep is true, and so may deny it to
// a further one.
func allot(claims []claim, holderOf func(directory.Key) holder, keep bool) {
	for changed := true; changed; {
		changed = false
		kept, wanted := map[directory.Key]int{}, map[directory.Key]int{}
		for i := range claims {
			c := &claims[i]
			switch {
			case c.fixed, c.denied && keep, !c.denied && c.want == c.have:
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
			if kept[c.want] > 0 || wanted[c.want] > 1 || holderOf(c.want) == foreign {
				c.denied, changed = true, true
			}
		}
	}
}
