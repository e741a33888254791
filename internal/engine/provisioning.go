package engine

import (
	"crypto/subtle"

	"latchkey/internal/store"
)

// provisioning is the tokens of provisioning clients.
type provisioning struct {
	byID     pmap[string, *store.ProvisioningToken]
	byDigest pmap[string, *store.ProvisioningToken]
}

// ProvisioningToken returns a provisioning token by the SHA-256 of what a client sent. The caller has to check that it
// has not expired, and that its identity store is still the account's. The lookup is by a digest, so its timing does
// not reveal the bytes of a token.
func (s *Snapshot) ProvisioningToken(digest [32]byte) *store.ProvisioningToken {
	t := s.provisioning.byDigest.at(string(digest[:]))
	if t == nil || subtle.ConstantTimeCompare(t.Digest[:], digest[:]) != 1 {
		return nil
	}
	return t
}

func (d *draft) putProvisioning(t *store.ProvisioningToken) {
	d.dropProvisioning(t.ID)
	d.provisioning.byID.set(d.t, t.ID, t)
	d.provisioning.byDigest.set(d.t, string(t.Digest[:]), t)
}

func (d *draft) dropProvisioning(id string) {
	t := d.provisioning.byID.at(id)
	if t == nil {
		return
	}
	d.provisioning.byID.delete(d.t, id)
	if holder := d.provisioning.byDigest.at(string(t.Digest[:])); holder != nil && holder.ID == id {
		d.provisioning.byDigest.delete(d.t, string(t.Digest[:]))
	}
}
