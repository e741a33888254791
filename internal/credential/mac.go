package credential

import (
	"crypto/subtle"
	"encoding/binary"
)

// MACSize is the length of a MAC in bytes.
const MACSize = 16

// MAC authenticates texts for one purpose, with the key that seals. The same texts always have the same MAC, as long as
// the ring's first key stays.
func (r *Ring) MAC(purpose string, texts ...string) []byte { return r.newest().mac(purpose, texts) }

// CheckMAC reports whether any key of the ring gives these texts this MAC for this purpose.
func (r *Ring) CheckMAC(mac []byte, purpose string, texts ...string) bool {
	ok := 0
	for _, m := range *r.keys.Load() {
		ok |= subtle.ConstantTimeCompare(m.mac(purpose, texts), mac)
	}
	return ok == 1
}

// mac hashes the texts, each behind its length, so that two different lists never have the same form.
func (m *keyMaterial) mac(purpose string, texts []string) []byte {
	var form []byte
	for _, t := range append([]string{"mac", purpose}, texts...) {
		form = binary.AppendUvarint(form, uint64(len(t)))
		form = append(form, t...)
	}
	sum := m.macs.sum(form)
	return sum[:MACSize]
}
