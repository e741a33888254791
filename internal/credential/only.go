package credential

import "crypto/sha256"

// Only limits a session to one request: method, host, path, query and how the body is signed. The zero Only is no
// limit. It is a hash, so that a session with a long key fits into its token. A session that carries an Only is good
// for nothing else, whatever its policies say, and makes no other session.
type Only [sha256.Size]byte

// OnlyFor is the limit to the request that this text describes: see sigv4.Target.
func OnlyFor(target string) Only {
	return sha256.Sum256([]byte("latchkey: one request\n" + target))
}

// IsZero reports that there is no limit.
func (o Only) IsZero() bool { return o == Only{} }

// Admits reports whether the session may be used for the request that this text describes.
func (o Only) Admits(target string) bool { return o.IsZero() || o == OnlyFor(target) }
