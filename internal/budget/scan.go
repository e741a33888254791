package budget

import "bytes"

// CheckJSON counts the values of a JSON text without building any. It is for texts that a decoder of somebody else's
// reads, which has no bounds of its own. It does not find out whether the text is well formed. That is the decoder's
// work.
func (b Budget) CheckJSON(text []byte) error {
	if int64(len(text)) > b.Bytes {
		return ErrElements
	}
	m := b.Meter()
	if err := m.Element(); err != nil {
		return err
	}
	for i := 0; i < len(text); i++ {
		var err error
		switch text[i] {
		case '"':
			i = endOfString(text, i)
		case '[', '{':
			if err = m.Enter(); err == nil {
				err = m.Element() // the first value inside
			}
		case ']', '}':
			m.Leave()
		case ',':
			err = m.Element()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// endOfString is the index of the quote that ends the string which begins at an index, or the end of the text.
func endOfString(text []byte, from int) int {
	for i := from + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(text)
}

// maxTag is the longest tag of an XML element in bytes. Tags of AWS's bodies have a name and at most two attributes
// with namespaces.
const maxTag = 4 << 10

// CheckTags refuses XML with a tag that is too long. A tag with a million attributes is one token to a decoder, which
// builds all of them before anybody can count them. CheckTags does not find out whether the text is well formed.
func CheckTags(text []byte) error {
	for {
		i := bytes.IndexByte(text, '<')
		if i < 0 {
			return nil
		}
		text = text[i:]
		if bytes.HasPrefix(text, cdata) {
			_, rest, found := bytes.Cut(text, []byte("]]>"))
			if !found {
				return nil // the decoder finds no end either
			}
			text = rest
			continue
		}
		n := endOfTag(text)
		if n > maxTag {
			return ErrTag
		}
		text = text[n:]
	}
}

var cdata = []byte("<![CDATA[")

// endOfTag is the length of the tag with which a text begins. A ">" within quotes does not end a tag. The length is
// larger than maxTag if the tag is too long.
func endOfTag(text []byte) int {
	var quote byte
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case i >= maxTag:
			return i + 1
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return i + 1
		}
	}
	return len(text)
}
