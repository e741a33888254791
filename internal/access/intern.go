package access

import (
	"bytes"
	"hash/maphash"
)

const none = ^uint32(0)

// interner numbers distinct byte strings from 0. It holds no pointer per string.
type interner struct {
	seed   maphash.Seed
	buf    []byte
	ends   []uint64
	hashes []uint32
	slots  []uint32 // number + 1; open addressing
}

// at is the string with number i. The slice is valid until the next call of intern.
func (t *interner) at(i uint32) []byte {
	var from uint64
	if i > 0 {
		from = t.ends[i-1]
	}
	return t.buf[from:t.ends[i]]
}

func (t *interner) len() int { return len(t.ends) }

func (t *interner) intern(b []byte) uint32 {
	if 4*(len(t.ends)+1) > 3*len(t.slots) {
		t.grow()
	}
	h := uint32(maphash.Bytes(t.seed, b))
	mask := uint32(len(t.slots) - 1)
	j := h & mask
	for ; t.slots[j] != 0; j = (j + 1) & mask {
		if i := t.slots[j] - 1; t.hashes[i] == h && bytes.Equal(t.at(i), b) {
			return i
		}
	}
	t.buf = append(t.buf, b...)
	t.ends = append(t.ends, uint64(len(t.buf)))
	t.hashes = append(t.hashes, h)
	t.slots[j] = uint32(len(t.ends))
	return uint32(len(t.ends) - 1)
}

func (t *interner) grow() {
	t.slots = make([]uint32, max(16, 2*len(t.slots)))
	mask := uint32(len(t.slots) - 1)
	for i, h := range t.hashes {
		j := h & mask
		for t.slots[j] != 0 {
			j = (j + 1) & mask
		}
		t.slots[j] = uint32(i + 1)
	}
}

// strings copies all strings out, in the order of their numbers.
func (t *interner) strings() []string {
	out := make([]string, t.len())
	for i := range out {
		out[i] = string(t.at(uint32(i)))
	}
	return out
}
