package broker

import (
	"strings"
	"unicode/utf16"
)

// String is the document as JSON without white space, in ASCII: STS takes no character above U+00FF in a policy.
func (doc document) String() string {
	var b strings.Builder
	b.WriteString(`{"Version":"` + version + `","Statement":[`)
	for i, s := range doc {
		if i > 0 {
			b.WriteByte(',')
		}
		s.write(&b)
	}
	b.WriteString("]}")
	return b.String()
}

func (s *statement) write(b *strings.Builder) {
	effect := "Allow"
	if s.deny {
		effect = "Deny"
	}
	b.WriteString(`{"Effect":"` + effect + `","Action":[`)
	for i, action := range s.actions {
		if i > 0 {
			b.WriteByte(',')
		}
		quote(b, action)
	}
	b.WriteString(`],"Resource":[`)
	quote(b, s.resource)
	b.WriteByte(']')
	for i, c := range s.conditions { // one key an operator, so that no name repeats
		if i == 0 {
			b.WriteString(`,"Condition":{`)
		} else {
			b.WriteByte(',')
		}
		quote(b, c.operator)
		b.WriteString(`:{`)
		quote(b, c.key)
		b.WriteString(`:[`)
		quote(b, c.value)
		b.WriteString(`]}`)
	}
	if len(s.conditions) > 0 {
		b.WriteByte('}')
	}
	b.WriteByte('}')
}

// quote writes a JSON string in ASCII.
func quote(b *strings.Builder, s string) {
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r >= 0x20 && r < 0x7f:
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			hex4(b, high)
			hex4(b, low)
		default:
			hex4(b, r)
		}
	}
	b.WriteByte('"')
}

func hex4(b *strings.Builder, r rune) {
	const digits = "0123456789abcdef"
	b.WriteString(`\u`)
	for shift := 12; shift >= 0; shift -= 4 {
		b.WriteByte(digits[r>>shift&0xf])
	}
}
