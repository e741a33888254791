package credential

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"latchkey/internal/fault"
)

// MaxToken is the length in bytes of the longest token that Mint makes. The token must fit into a request's headers
// beside everything else.
const MaxToken = 4 << 10

// maxOpened is the length of the longest token that Open reads: earlier releases made longer ones.
const maxOpened = 8 << 10

// AccessKeyPrefix begins the access key of every minted credential. No long-term access key begins with it. A request
// with such an access key needs a session token.
const AccessKeyPrefix = "ASIA"

// Credentials are what a client signs requests with. They do not print their secrets.
type Credentials struct {
	AccessKeyID  string
	Secret       Secret
	SessionToken Secret
	Expires      time.Time
}

// LogValue is the access key alone.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.AccessKeyID) }

// Mint seals a session under the ring's newest key. Equal arguments give equal results. A session that breaks a rule
// is a mistake of the caller (Internal). A session that is too large for a token is TooLarge/PackedPolicy.
func (r *Ring) Mint(s Session) (Credentials, error) {
	if len(s.Grounds) > maxGrounds || s.Asked.depth() > maxAskedDepth || s.Actors.tooLong() {
		return Credentials{}, chainTooLong()
	}
	if err := s.check(); err != nil {
		return Credentials{}, fmt.Errorf("mint a credential: %w", err)
	}
	m := r.newest()
	plain := s.encode()
	if len(plain) > maxPlain {
		return Credentials{}, chainTooLong()
	}
	if base64.RawURLEncoding.EncodedLen(headSize+len(plain)+tagSize) > MaxToken {
		plain = compress(plain)
	}
	sealed := m.sealSession(plain)
	token := base64.RawURLEncoding.EncodeToString(sealed)
	if len(token) > MaxToken {
		return Credentials{}, fault.New(fault.TooLarge, fault.PackedPolicy,
			"Packed size of session policies, tags and the chain of sessions exceeds the size limit: "+
				"the session token would have %d bytes, more than %d.", len(token), MaxToken)
	}
	return Credentials{
		AccessKeyID:  m.accessKeyID(s.ID, sealed),
		Secret:       m.secretKey(s.ID, sealed),
		SessionToken: NewSecret(token),
		Expires:      s.Expires,
	}, nil
}

func chainTooLong() *fault.Error {
	return fault.New(fault.TooLarge, fault.PackedPolicy,
		"Packed size of session policies, tags and the chain of sessions exceeds the size limit: the chain is too long.")
}

// Open returns the session and the secret of a credential that this ring minted. A token that was not minted by this
// ring, was changed in any byte, or belongs to another access key is Unauthenticated/SessionToken. From the last
// second of the session on the fault is Expired/SessionToken. The caller must still check the signature that was made
// with the secret.
func (r *Ring) Open(accessKeyID, token string, now time.Time) (Session, Secret, error) {
	s, secret, err := r.open(accessKeyID, token)
	if err != nil {
		return Session{}, Secret{}, unknownToken(err)
	}
	if !now.Before(s.Expires) {
		return Session{}, Secret{}, expiredToken()
	}
	return s, secret, nil
}

func unknownToken(why error) error {
	return fault.New(fault.Unauthenticated, fault.SessionToken,
		"The provided token is malformed or otherwise invalid.").Because(why)
}

func expiredToken() error {
	return fault.New(fault.Expired, fault.SessionToken, "The provided token has expired.")
}

func (r *Ring) open(accessKeyID, token string) (Session, Secret, error) {
	// The base64 decoder skips line breaks, and a credential must have only one token.
	if len(token) > maxOpened || strings.IndexByte(token, '\r') >= 0 || strings.IndexByte(token, '\n') >= 0 {
		return Session{}, Secret{}, ErrSealed
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return Session{}, Secret{}, ErrSealed
	}
	m, plain, err := r.openSession(sealed)
	if err != nil {
		return Session{}, Secret{}, err
	}
	if plain, err = decompress(plain); err != nil {
		return Session{}, Secret{}, err
	}
	s, err := decode(plain)
	if err != nil {
		return Session{}, Secret{}, err
	}
	want := m.accessKeyID(s.ID, sealed)
	if subtle.ConstantTimeCompare([]byte(want), []byte(accessKeyID)) != 1 {
		return Session{}, Secret{}, fmt.Errorf("the token belongs to another access key than %q", accessKeyID)
	}
	return s, m.secretKey(s.ID, sealed), nil
}

// accessKeyID is ASIA and 80 bits of a keyed hash.
func (m *keyMaterial) accessKeyID(id SessionID, sealed []byte) string {
	sum := credentialHash(m.access, id, sealed)
	return AccessKeyPrefix + base32.StdEncoding.EncodeToString(sum[:10])
}

// secretKey is 240 bits of a keyed hash, 40 characters.
func (m *keyMaterial) secretKey(id SessionID, sealed []byte) Secret {
	sum := credentialHash(m.secret, id, sealed)
	return NewSecret(base64.StdEncoding.EncodeToString(sum[:30]))
}

// credentialHash hashes the session's id with the salt and the tag of the sealed token, which depend on all of its
// content. A client sees the token and the access key, but cannot compute the hash without the ring's key.
func credentialHash(key *prf, id SessionID, sealed []byte) [sha256.Size]byte {
	return key.sum(id[:], sealed[:headSize], sealed[len(sealed)-tagSize:])
}
