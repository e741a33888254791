package credential

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
	"errors"
)

// What is sealed: version, key id, salt, ciphertext, tag. Each message has a key of its own, derived from the ring's
// key and the salt, so there is no limit on how many messages a key may seal, and the nonce can be fixed.
const (
	sealVersion = 1
	saltSize    = 32
	tagSize     = 16
	headSize    = 1 + len(KeyID{}) + saltSize
)

// ErrSealed says that something cannot be opened: it was not sealed by this ring, not for this purpose, or was changed.
var ErrSealed = errors.New("not sealed by this key ring for this purpose")

// Seal encrypts and authenticates a secret at rest, or a token handed to a client, for one purpose: only Unseal with
// the same purpose opens it. Sealing twice gives two results.
func (r *Ring) Seal(purpose string, plaintext []byte) []byte {
	m := r.newest()
	var salt [saltSize]byte
	rand.Read(salt[:]) // never fails
	return m.sealWith(m.other, salt, purpose, plaintext)
}

// Unseal opens what Seal sealed under any key of the ring. Its only error is [ErrSealed].
func (r *Ring) Unseal(purpose string, sealed []byte) ([]byte, error) {
	m, salt, err := r.parse(sealed)
	if err != nil {
		return nil, err
	}
	return m.openWith(m.other, salt, purpose, sealed)
}

// parse finds the key of a sealed message.
func (r *Ring) parse(sealed []byte) (*keyMaterial, [saltSize]byte, error) {
	if len(sealed) < headSize+tagSize || sealed[0] != sealVersion {
		return nil, [saltSize]byte{}, ErrSealed
	}
	m := r.find(KeyID(sealed[1:]))
	if m == nil {
		return nil, [saltSize]byte{}, ErrSealed
	}
	return m, [saltSize]byte(sealed[headSize-saltSize:]), nil
}

// messageAEAD is the cipher of one message. The purpose is in the key as well as in the associated data.
func messageAEAD(key *prf, salt [saltSize]byte, purpose string) cipher.AEAD {
	k := key.expand(salt[:], []byte(purpose))
	block, err := aes.NewCipher(k[:])
	if err != nil {
		panic(err) // only for wrong key sizes
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // only for other block sizes
	}
	return aead
}

func (m *keyMaterial) sealWith(key *prf, salt [saltSize]byte, purpose string, plaintext []byte) []byte {
	out := make([]byte, 0, headSize+len(plaintext)+tagSize)
	out = append(out, sealVersion)
	out = append(out, m.id[:]...)
	out = append(out, salt[:]...)
	var nonce [12]byte
	return messageAEAD(key, salt, purpose).Seal(out, nonce[:], plaintext, associated(m.id, purpose))
}

func (m *keyMaterial) openWith(key *prf, salt [saltSize]byte, purpose string, sealed []byte) ([]byte, error) {
	var nonce [12]byte
	plain, err := messageAEAD(key, salt, purpose).Open(nil, nonce[:], sealed[headSize:], associated(m.id, purpose))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

func associated(id KeyID, purpose string) []byte {
	b := make([]byte, 0, 64)
	b = append(b, sealVersion)
	b = append(b, id[:]...)
	return append(b, purpose...)
}

const sessionPurpose = "session token"

// sealSession is deterministic: its salt is a keyed hash of what is sealed, so that equal sessions give equal tokens
// and different ones never share a key.
func (m *keyMaterial) sealSession(plaintext []byte) []byte {
	return m.sealWith(m.seal, m.sessionSalt(plaintext), sessionPurpose, plaintext)
}

// openSession also checks the salt, which ties the ciphertext to its one plaintext and key (GCM alone does not).
func (r *Ring) openSession(sealed []byte) (*keyMaterial, []byte, error) {
	m, salt, err := r.parse(sealed)
	if err != nil {
		return nil, nil, err
	}
	plain, err := m.openWith(m.seal, salt, sessionPurpose, sealed)
	if err != nil {
		return nil, nil, err
	}
	if want := m.sessionSalt(plain); subtle.ConstantTimeCompare(want[:], salt[:]) != 1 {
		return nil, nil, ErrSealed
	}
	return m, plain, nil
}

func (m *keyMaterial) sessionSalt(plaintext []byte) [saltSize]byte { return m.salt.sum(plaintext) }
