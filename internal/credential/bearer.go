package credential

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
)

// A bearer stands for a session where a client can send a bearer token and no AWS signature. Whoever has the session's
// credentials makes it without asking the server: it has the session's token, the time when the bearer ends, and a hash
// of that time with the session's secret as the key. The token alone does not do: it is in every signed request and in
// every presigned URL, which are shown to others.

// bearerPrefix begins every bearer.
const bearerPrefix = "lkb1."

// bearerLabel begins the text whose hash proves the secret. No text that AWS's signatures hash begins like this.
const bearerLabel = "latchkey bearer 1\n"

// MaxBearer is the length in bytes of the longest bearer.
const MaxBearer = maxOpened + 256

// IsBearer reports whether a text has the form of a bearer.
func IsBearer(text string) bool { return strings.HasPrefix(text, bearerPrefix) }

// Bearer makes the bearer of a session that ends at a time, or with the session if that is earlier. The time counts in
// whole seconds.
func Bearer(c Credentials, ends time.Time) Secret {
	at := strconv.FormatInt(ends.Unix(), 10)
	return NewSecret(bearerPrefix + c.AccessKeyID + "." + at + "." + bearerProof(c.Secret, c.AccessKeyID, at) + "." +
		c.SessionToken.Reveal())
}

func bearerProof(secret Secret, accessKeyID, ends string) string {
	m := hmac.New(sha256.New, []byte(secret.Reveal()))
	m.Write([]byte(bearerLabel + accessKeyID + "\n" + ends))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

var errBearer = errors.New("the bearer is not well formed, or was not made with the session's secret")

// OpenBearer returns the session of a bearer, and the session's access key. It fails as Open does. A bearer that has
// ended is as expired as a session that has.
func (r *Ring) OpenBearer(bearer Secret, now time.Time) (Session, string, error) {
	text := bearer.Reveal()
	parts := strings.Split(text, ".")
	if !IsBearer(text) || len(text) > MaxBearer || len(parts) != 5 {
		return Session{}, "", unknownToken(errBearer)
	}
	accessKeyID, ends, proof, token := parts[1], parts[2], parts[3], parts[4]
	s, secret, err := r.open(accessKeyID, token)
	if err != nil {
		return Session{}, "", unknownToken(err)
	}
	if !hmac.Equal([]byte(proof), []byte(bearerProof(secret, accessKeyID, ends))) {
		return Session{}, "", unknownToken(errBearer)
	}
	at, err := strconv.ParseInt(ends, 10, 64)
	if err != nil || !now.Before(s.Expires) || now.Unix() >= at {
		return Session{}, "", expiredToken()
	}
	return s, accessKeyID, nil
}
