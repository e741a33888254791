package credential

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"time"
)

// The encoding of a session has its fields in a fixed order. Texts and lists have their length before them. Lengths
// and times are unsigned varints. A session has exactly one encoding, and the decoder refuses every other. Each
// request decodes a session, and encoding/json would take ten times as long.

// The flags of a session share one byte.
const (
	flagChained    = 1 << 0
	flagObjectOnly = 1 << 1
	flagFederated  = 1 << 2 // a Federation follows the tags
)

func (s *Session) strings() [23]*string {
	return [...]*string{&s.Account, &s.Region, &s.PrincipalID, &s.Name, &s.SourceIdentity, &s.ParentKey,
		&s.ParentPrincipalID, &s.GrantID, &s.LocationID, &s.InstanceID, &s.Scope, &s.Permission, &s.GranteeType,
		&s.GranteeID, &s.CallerPrincipalID, &s.IdentityStoreID, &s.UserID, &s.ApplicationARN, &s.CredentialID,
		&s.IdentityCenterInstance, &s.OriginARN, &s.IssuerARN, &s.Scopes}
}

func (s *Session) encode() []byte {
	b := make([]byte, 0, 512)
	b = append(b, byte(s.Kind), 0)
	if s.Chained {
		b[1] |= flagChained
	}
	if s.ObjectOnly {
		b[1] |= flagObjectOnly
	}
	b = append(b, s.ID[:]...)
	b = append(b, s.CallerSessionID[:]...)
	b = binary.AppendUvarint(b, uint64(s.Issued.Unix()))
	b = binary.AppendUvarint(b, uint64(s.Expires.Unix()))
	for _, v := range s.strings() {
		b = appendText(b, *v)
	}
	for _, list := range [...][]string{s.Policies, s.PolicyARNs, s.TransitiveTagKeys} {
		b = binary.AppendUvarint(b, uint64(len(list)))
		for _, v := range list {
			b = appendText(b, v)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(s.Tags)))
	for _, k := range slices.Sorted(maps.Keys(s.Tags)) {
		b = appendText(b, k)
		b = appendText(b, s.Tags[k])
	}
	if !s.Federation.IsZero() {
		b[1] |= flagFederated
		for _, v := range s.Federation.strings() {
			b = appendText(b, *v)
		}
	}
	return b
}

func appendText(b []byte, v string) []byte {
	b = binary.AppendUvarint(b, uint64(len(v)))
	return append(b, v...)
}

var errForm = errors.New("the sealed session is not well formed")

// decode reads what encode wrote. It refuses everything else.
func decode(data []byte) (Session, error) {
	var s Session
	d := decoder{rest: string(data)}
	head := d.take(2 + 2*len(s.ID))
	if d.bad {
		return Session{}, errForm
	}
	s.Kind, s.Chained, s.ObjectOnly = Kind(head[0]), head[1]&flagChained != 0, head[1]&flagObjectOnly != 0
	if head[1]&^(flagChained|flagObjectOnly|flagFederated) != 0 {
		d.bad = true
	}
	copy(s.ID[:], head[2:])
	copy(s.CallerSessionID[:], head[2+len(s.ID):])
	s.Issued, s.Expires = d.time(), d.time()
	for _, v := range s.strings() {
		*v = d.text()
	}
	s.Policies, s.PolicyARNs, s.TransitiveTagKeys = d.list(), d.list(), d.list()
	if n := d.count(); n > 0 {
		s.Tags = make(map[string]string, n)
		last := ""
		for i := range n {
			k := d.text()
			if i > 0 && k <= last {
				d.bad = true
			}
			last = k
			s.Tags[k] = d.text()
		}
	}
	if head[1]&flagFederated != 0 {
		for _, v := range s.Federation.strings() {
			*v = d.text()
		}
		d.bad = d.bad || s.Federation.IsZero()
	}
	if d.bad || d.rest != "" {
		return Session{}, errForm
	}
	if err := s.check(); err != nil {
		return Session{}, err
	}
	return s, nil
}

// A decoder reads values from the beginning of rest. After the first failure it returns empty values, and bad stays
// true.
type decoder struct {
	rest string
	bad  bool
}

func (d *decoder) take(n int) string {
	if d.bad || n < 0 || n > len(d.rest) {
		d.bad = true
		return ""
	}
	v := d.rest[:n]
	d.rest = d.rest[n:]
	return v
}

// uvarint refuses a number that is written with more bytes than necessary.
func (d *decoder) uvarint() uint64 {
	var v uint64
	for i := 0; i < len(d.rest) && i < 9; i++ {
		c := d.rest[i]
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			if c == 0 && i > 0 {
				break
			}
			d.rest = d.rest[i+1:]
			return v
		}
	}
	d.bad = true
	return 0
}

// count reads a number of elements. Each element takes at least one byte, so a number greater than the bytes left is
// refused.
func (d *decoder) count() int {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.bad = true
		return 0
	}
	return int(n)
}

func (d *decoder) text() string { return d.take(d.count()) }

func (d *decoder) list() []string {
	n := d.count()
	if n == 0 || d.bad {
		return nil
	}
	v := make([]string, n)
	for i := range v {
		v[i] = d.text()
	}
	return v
}

func (d *decoder) time() time.Time { return time.Unix(int64(d.uvarint()), 0).UTC() }
