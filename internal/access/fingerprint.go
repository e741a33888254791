package access

import (
	"encoding/binary"
	"hash/maphash"
)

// seed makes fingerprints unpredictable. An index shares the seed of the index that it was derived from.
type seed struct {
	hash    maphash.Seed
	factors [3]uint64
}

func makeSeed() seed {
	s := seed{hash: maphash.MakeSeed()}
	for i := range s.factors {
		s.factors[i] = maphash.Bytes(s.hash, binary.LittleEndian.AppendUint64(nil, uint64(i))) | 1
	}
	return s
}

// fingerprint narrows a search down. A match is always confirmed on the full identity. A caller may have hundreds of
// identities, and each decision fingerprints all of them. For the usual lengths (directory ids have 36 bytes, IAM's
// unique ids 21) the fingerprint is therefore not a general hash but a sum of three products: of the beginning, the
// middle and the end of the id.
func (s *seed) fingerprint(kind GranteeType, principal string) uint32 {
	n := len(principal)
	if n < 16 || n > 40 {
		return uint32(maphash.String(s.hash, principal)>>32) + uint32(kind)*0x9e3779b1
	}
	h := load(principal)*s.factors[0] + load(principal[n/2-4:])*s.factors[1] + load(principal[n-8:])*s.factors[2]
	return uint32(h>>32) + uint32(kind)*0x9e3779b1
}

// load reads eight bytes.
func load(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
