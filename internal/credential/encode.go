package credential

import (
	"cmp"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"time"
)

// The encoding of a session has its fields in a fixed order. Texts and lists have their length before them. Lengths
// and times are unsigned varints. A session has exactly one encoding, and the decoder refuses every other. Each
// request decodes a session, and encoding/json would take ten times as long.

// The form of a session begins with its kind. formGrounds is added to the kind of a session that has grounds, and to
// that of a session within a session. Sessions of earlier releases have neither: they are read, and written, as those
// releases did.
const formGrounds = 0x80

// The flags of a session share one byte.
const (
	flagChained    = 1 << 0
	flagObjectOnly = 1 << 1
	flagFederated  = 1 << 2 // a Federation follows the tags
	flagShares     = 1 << 3 // the Delegation is that of the session around this one
	flagAsserted   = 1 << 4 // the asserted user follows the Federation
	flagOnly       = 1 << 5 // an Only follows the actors
)

// delegationTexts is how many of the texts are those of the Delegation. They are the last ones.
const delegationTexts = 9

// strings are the texts in their order. A session of an earlier release has all but the last.
func (s *Session) strings() [24]*string {
	return [...]*string{&s.Account, &s.Region, &s.PrincipalID, &s.Name, &s.SourceIdentity, &s.ParentKey,
		&s.ParentPrincipalID, &s.GrantID, &s.LocationID, &s.InstanceID, &s.Scope, &s.Permission, &s.GranteeType,
		&s.GranteeID, &s.CallerPrincipalID, &s.IdentityStoreID, &s.UserID, &s.ApplicationARN, &s.CredentialID,
		&s.IdentityCenterInstance, &s.OriginARN, &s.IssuerARN, &s.Scopes, &s.SignInID}
}

// texts are the texts that are written: without those of a Delegation that a session shares.
func (s *Session) texts(old, shares bool) []*string {
	all := s.strings()
	switch {
	case old:
		return all[:len(all)-1]
	case shares:
		return all[:len(all)-delegationTexts]
	}
	return all[:]
}

func (s *Session) encode() []byte { return s.appendTo(make([]byte, 0, 1024), nil) }

// appendTo appends the session. outer is the session that this one is within; nil: none.
func (s *Session) appendTo(b []byte, outer *Session) []byte {
	at := len(b)
	b = append(b, byte(s.Kind), 0)
	old := outer == nil && s.IsOld()
	shares := outer != nil && !outer.Delegation.IsZero() && s.Delegation == outer.Delegation
	if !old {
		b[at] |= formGrounds
	}
	for _, f := range []struct {
		set  bool
		flag byte
	}{
		{s.Chained, flagChained}, {s.ObjectOnly, flagObjectOnly}, {!s.Federation.IsZero(), flagFederated},
		{shares, flagShares}, {s.Asserted != "", flagAsserted}, {outer == nil && !s.Only.IsZero(), flagOnly},
	} {
		if f.set {
			b[at+1] |= f.flag
		}
	}
	b = append(b, s.ID[:]...)
	b = append(b, s.CallerSessionID[:]...)
	b = binary.AppendUvarint(b, uint64(s.Issued.Unix()))
	b = binary.AppendUvarint(b, uint64(s.Expires.Unix()))
	for _, v := range s.texts(old, shares) {
		b = appendText(b, *v)
	}
	for _, list := range [...][]string{s.Policies, s.PolicyARNs, s.TransitiveTagKeys} {
		b = appendCount(b, len(list))
		for _, v := range list {
			b = appendText(b, v)
		}
	}
	b = appendCount(b, len(s.Tags))
	for _, k := range slices.Sorted(maps.Keys(s.Tags)) {
		b = appendText(b, k)
		b = appendText(b, s.Tags[k])
	}
	if !s.Federation.IsZero() {
		for _, v := range s.Federation.sealed(old) {
			b = appendText(b, *v)
		}
	}
	if s.Asserted != "" {
		b = appendText(b, s.Asserted)
	}
	if old {
		return b
	}
	if outer == nil {
		b = binary.AppendUvarint(b, s.Revision)
		b = s.Grounds.append(b)
		b = s.Actors.append(b, s)
		if !s.Only.IsZero() {
			b = append(b, s.Only[:]...)
		}
	}
	return s.Asked.append(b, cmp.Or(outer, s))
}

func appendCount(b []byte, n int) []byte { return binary.AppendUvarint(b, uint64(n)) }

func appendText(b []byte, v string) []byte {
	b = binary.AppendUvarint(b, uint64(len(v)))
	return append(b, v...)
}

var errForm = errors.New("the sealed session is not well formed")

// decode reads what encode wrote. It refuses everything else.
func decode(data []byte) (Session, error) {
	var s Session
	d := decoder{rest: string(data)}
	d.session(&s, nil, maxAskedDepth)
	if d.bad || d.rest != "" {
		return Session{}, errForm
	}
	if err := s.check(); err != nil {
		return Session{}, err
	}
	return s, nil
}

// session reads one session. outer is the session that it is within; nil: none.
func (d *decoder) session(s, outer *Session, depth int) {
	head := d.take(2 + 2*len(s.ID))
	if d.bad {
		return
	}
	old := head[0]&formGrounds == 0
	flags, shares := head[1], head[1]&flagShares != 0
	s.Kind, s.Chained, s.ObjectOnly = Kind(head[0]&^formGrounds), flags&flagChained != 0, flags&flagObjectOnly != 0
	const known = flagChained | flagObjectOnly | flagFederated | flagShares | flagAsserted | flagOnly
	only := flags&flagOnly != 0
	if flags&^known != 0 || outer == nil && shares || outer != nil && old || only && (old || outer != nil) {
		d.bad = true
		return
	}
	copy(s.ID[:], head[2:])
	copy(s.CallerSessionID[:], head[2+len(s.ID):])
	s.Issued, s.Expires = d.time(), d.time()
	for _, v := range s.texts(old, shares) {
		*v = d.text()
	}
	if shares {
		s.Delegation = outer.Delegation
	}
	s.Policies, s.PolicyARNs, s.TransitiveTagKeys = d.list(), d.list(), d.list()
	d.tags(s)
	if flags&flagFederated != 0 {
		for _, v := range s.Federation.sealed(old) {
			*v = d.text()
		}
		d.bad = d.bad || s.Federation.IsZero()
	}
	if flags&flagAsserted != 0 {
		s.Asserted = d.text()
		d.bad = d.bad || old || s.Asserted == ""
	}
	if outer != nil { // it shares the delegation if it can
		d.bad = d.bad || shares != (!outer.Delegation.IsZero() && s.Delegation == outer.Delegation)
	}
	if old || d.bad {
		return
	}
	if outer == nil {
		s.Revision = d.uvarint()
		d.bad = d.bad || s.Revision == 0
		s.Grounds = d.grounds()
		s.Actors = d.actors(s)
		if only {
			copy(s.Only[:], d.take(len(s.Only)))
			d.bad = d.bad || s.Only.IsZero()
		}
	}
	s.Asked = d.asked(cmp.Or(outer, s), depth)
}

func (d *decoder) tags(s *Session) {
	n := d.count()
	if n == 0 {
		return
	}
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
