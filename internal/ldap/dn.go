package ldap

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"latchkey/internal/directory"
)

// dnKey is the same text for all spellings of a DN: it does not depend on case, spaces, escapes or the order of the
// parts of an RDN (RFC 4514; RFC 4517, distinguishedNameMatch with caseIgnoreMatch).
func dnKey(text string) (string, error) {
	if len(text) > 8192 {
		return "", fmt.Errorf("a DN of %d bytes is too long", len(text))
	}
	dn, err := ldap.ParseDN(text)
	if err != nil {
		return "", err
	}
	if len(dn.RDNs) == 0 {
		return "", fmt.Errorf("a DN is empty")
	}
	var b strings.Builder
	b.Grow(len(text))
	for _, rdn := range dn.RDNs {
		parts := make([]string, len(rdn.Attributes))
		for i, a := range rdn.Attributes {
			value := strings.Join(strings.Fields(directory.Fold(a.Value)), " ")
			parts[i] = fmt.Sprintf("%s=%d:%s", strings.ToLower(a.Type), len(value), value)
		}
		slices.Sort(parts)
		for _, p := range parts {
			b.WriteString(p)
			b.WriteByte('+')
		}
		b.WriteByte(',')
	}
	return b.String(), nil
}

// sameDN reports whether two texts are DNs of the same entry.
func sameDN(a, b string) bool {
	x, err := dnKey(a)
	y, err2 := dnKey(b)
	return a == b || err == nil && err2 == nil && x == y
}

// dnIndex finds entries by DN. If the DNs of two entries differ only in case, each is found only by its own spelling:
// a server that treats them as two entries must not get one in place of the other.
type dnIndex struct {
	exact, folded map[string]int32
}

const twice = -1

func newDNIndex(n int) dnIndex {
	return dnIndex{make(map[string]int32, n), make(map[string]int32, n)}
}

func (x dnIndex) add(dn string, i int32) error {
	k, err := dnKey(dn)
	if err != nil {
		return err
	}
	x.exact[dn] = i
	if _, there := x.folded[k]; there {
		x.folded[k] = twice
	} else {
		x.folded[k] = i
	}
	return nil
}

func (x dnIndex) at(dn string) (i int32, ok bool) {
	if i, ok := x.exact[dn]; ok {
		return i, true
	}
	k, err := dnKey(dn)
	if err != nil {
		return 0, false
	}
	i, ok = x.folded[k]
	return i, ok && i != twice
}
