package sigv4

import (
	"slices"
	"strings"

	"latchkey/internal/fault"
)

// A Param is one decoded pair of a query. A name without "=" has the empty value.
type Param struct{ Name, Value string }

// ParseQuery reads a raw query as S3 does. Only "&" separates pairs (";" is an ordinary character), "+" is a space,
// and a broken percent escape is a fault. ParseQuery keeps order and repetition. It drops nothing except empty pairs,
// which mean nothing.
func ParseQuery(raw string) ([]Param, error) {
	if raw == "" {
		return nil, nil
	}
	n := strings.Count(raw, "&") + 1
	if n > maxQueryParams || len(raw) > maxQueryBytes {
		return nil, fault.New(fault.TooLarge, fault.Request, "The query of the request is too long.")
	}
	params := make([]Param, 0, n)
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, ok1 := unescapeQuery(name)
		value, ok2 := unescapeQuery(value)
		if !ok1 || !ok2 {
			return nil, badURI()
		}
		params = append(params, Param{name, value})
	}
	return params, nil
}

func badURI() error {
	return fault.New(fault.Malformed, fault.Request, "Couldn't parse the specified URI.")
}

func unescapeQuery(s string) (string, bool) {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s, true
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '+':
			b = append(b, ' ')
		case '%':
			d, ok := unhex2(s[i+1:])
			if !ok {
				return "", false
			}
			b = append(b, d)
			i += 2
		default:
			b = append(b, c)
		}
	}
	return string(b), true
}

// appendCanonicalQuery appends the pairs, encoded and ordered by encoded name and then by encoded value. It leaves
// out the pair with the name skip, because the signature of a presigned URL does not cover itself.
func appendCanonicalQuery(dst []byte, params []Param, skip string) []byte {
	enc := make([]Param, 0, len(params))
	for _, p := range params {
		if p.Name == skip && skip != "" {
			continue
		}
		enc = append(enc, Param{escape(p.Name), escape(p.Value)})
	}
	slices.SortFunc(enc, func(a, b Param) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return strings.Compare(a.Value, b.Value)
	})
	for i, p := range enc {
		if i > 0 {
			dst = append(dst, '&')
		}
		dst = append(dst, p.Name...)
		dst = append(dst, '=')
		dst = append(dst, p.Value...)
	}
	return dst
}
