package credential

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

const (
	keySize  = 32
	keyMagic = "latchkey-key-1"
)

// A KeyID names the key that sealed a message. It is not secret.
type KeyID [4]byte

// String is the id in hexadecimal.
func (id KeyID) String() string { return hex.EncodeToString(id[:]) }

// A Key is one key of a ring: 256 random bits, from which a separate key is derived for each use. A Key does not
// print its bits. The zero Key is no key.
type Key struct {
	// material is a function, because fmt prints unexported fields, and what they point to, without calling their
	// methods.
	material func() *keyMaterial
}

func (m *keyMaterial) key() Key { return Key{func() *keyMaterial { return m }} }

// keyMaterial is the keys that are derived from a key, one for each use.
type keyMaterial struct {
	root [keySize]byte
	id   KeyID

	salt   *prf // synthetic salts of sealed sessions
	seal   *prf // keys of sealed sessions
	other  *prf // keys of everything else that is sealed
	access *prf // access key ids
	secret *prf // secret access keys
	macs   *prf // what is authenticated and stays readable
}

// NewKey makes a random key.
func NewKey() Key {
	var root [keySize]byte
	rand.Read(root[:]) // never fails
	return newKey(root)
}

func newKey(root [keySize]byte) Key {
	m := &keyMaterial{root: root}
	copy(m.id[:], m.derive("key id", len(m.id)))
	m.salt = newPRF(m.derive("session salt", keySize))
	m.seal = newPRF(m.derive("session seal", keySize))
	m.other = newPRF(m.derive("purpose seal", keySize))
	m.access = newPRF(m.derive("access key id", keySize))
	m.secret = newPRF(m.derive("secret access key", keySize))
	m.macs = newPRF(m.derive("message authentication", keySize))
	return m.key()
}

// derive derives the key for one use. It is HKDF-SHA256 without extraction, because the root is uniformly random (RFC
// 5869, 3.3).
func (m *keyMaterial) derive(use string, size int) []byte {
	out, err := hkdf.Expand(sha256.New, m.root[:], "latchkey v1 "+use, size)
	if err != nil {
		panic(err) // only for sizes above 8160
	}
	return out
}

// ID is the key's id, derived from the key.
func (k Key) ID() KeyID {
	if k.material == nil {
		return KeyID{}
	}
	return k.material().id
}

// Text is the key in the form that [ParseKey] reads. The text is the secret itself.
func (k Key) Text() Secret {
	if k.material == nil {
		return Secret{}
	}
	return NewSecret(keyMagic + ":" + k.material().id.String() + ":" +
		base64.RawURLEncoding.EncodeToString(k.material().root[:]))
}

// ParseKey reads "latchkey-key-1:ID:KEY". The id must be the one that is derived from the key, so that a damaged key
// is found. Errors do not repeat the text.
func ParseKey(text string) (Key, error) {
	parts := strings.Split(text, ":")
	if len(parts) != 3 || parts[0] != keyMagic {
		return Key{}, fmt.Errorf("not a key: want %s:ID:KEY", keyMagic)
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(raw) != keySize {
		return Key{}, errors.New("not a key: its last part is not 32 bytes in base64url")
	}
	k := newKey([keySize]byte(raw))
	if k.ID().String() != parts[1] {
		return Key{}, errors.New("not a key: its id is another key's")
	}
	return k, nil
}

// String names the key by its id.
func (k Key) String() string { return "key " + k.ID().String() }

// GoString names the key by its id.
func (k Key) GoString() string { return k.String() }

// Format names the key by its id, whatever the verb.
func (k Key) Format(f fmt.State, _ rune) { fmt.Fprint(f, k.String()) }

// LogValue names the key by its id.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText names the key by its id.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }
