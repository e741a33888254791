package credential

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
	"errors"
)

// A sealed message has a version, a key id, a salt, the ciphertext and a tag. Each message has a key of its own,
// which is derived from the ring's key and the salt. A ring's key may therefore seal any number of messages, and the
// nonce can be fixed.
const (
	sealVersion = 1
	saltSize    = 32
	tagSize     = 16
	headSize    = 1 + len(KeyID{}) + saltSize
)

// ErrSealed says that a message cannot be opened. It was not sealed by this ring, or not for this purpose, or it was
// changed.
var ErrSealed = errors.New("not sealed by this key ring for this purpose")

// Seal encrypts and authenticates a stored secret, or a token for a client, for one purpose. Only Unseal with the
// same purpose opens it. Sealing the same text twice gives two different results.
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

// sealSession is deterministic. Its salt is a keyed hash of the plaintext, so that equal sessions have equal tokens
// and different sessions never share a key.
func (m *keyMaterial) sealSession(plaintext []byte) []byte {
	return m.sealWith(m.seal, m.sessionSalt(plaintext), sessionPurpose, plaintext)
}

// openSession also checks that the salt is the hash of the plaintext. GCM alone does not tie a ciphertext to one
// plaintext and key.
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
