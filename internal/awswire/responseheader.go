package awswire

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
)

// answerHeaders reads the members that travel in an answer's headers, and the status.
func answerHeaders(op *Operation, out reflect.Value, resp *http.Response) error {
	for i := range op.out.members {
		m := &op.out.members[i]
		dst := out.Field(m.index)
		var err error
		switch m.place {
		case inStatus:
			err = m.parse(dst, strconv.Itoa(resp.StatusCode), timeHTTP)
		case inHeader:
			err = answerHeader(m, dst, resp)
		case inHeaders:
			err = answerPrefix(m, dst, resp.Header)
		}
		if err != nil {
			return fmt.Errorf("the header %s %w", m.name, err)
		}
	}
	return nil
}

func answerHeader(m *member, dst reflect.Value, resp *http.Response) error {
	list := resp.Header[m.header]
	if len(list) == 0 && m.contentLength() && resp.ContentLength >= 0 && !resp.Uncompressed {
		list = []string{strconv.FormatInt(resp.ContentLength, 10)} // net/http keeps it outside of the headers
	}
	if len(list) == 0 {
		return nil
	}
	if m.kind == kindList {
		return answerHeaderList(m, dst, strings.Join(list, ","))
	}
	text := list[0]
	for _, other := range list {
		if other != text {
			return fmt.Errorf("has two values")
		}
	}
	switch {
	case m.json:
		plain, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return fmt.Errorf("is not base64")
		}
		return readJSON(&m.value, dst, document{plain, answers.Meter()}, true)
	case m.kind == kindString:
		setText(&m.value, dst, text)
		return nil
	case text == "":
		return nil
	case m.kind == kindBool:
		text = strings.ToLower(text) // some stores write True
	}
	return m.parse(dst, text, timeHTTP)
}

func answerHeaderList(m *member, dst reflect.Value, text string) error {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	list := splitHeader(text, m.elem.kind == kindTime && m.elem.timeAs(timeHTTP) == timeHTTP)
	out := reflect.MakeSlice(dst.Type(), len(list), len(list))
	for i, text := range list {
		if err := m.elem.parse(out.Index(i), text, timeHTTP); err != nil {
			return err
		}
	}
	dst.Set(out)
	return nil
}

// answerPrefix reads every header with a prefix. The rest of each name is in lower case, as S3 stores the names of
// user metadata. The values of a repeated header are joined, as S3 joins them.
func answerPrefix(m *member, dst reflect.Value, h http.Header) error {
	out := reflect.MakeMap(dst.Type())
	for name, list := range h {
		if len(name) <= len(m.name) || !strings.EqualFold(name[:len(m.name)], m.name) {
			continue
		}
		v := reflect.New(dst.Type().Elem()).Elem()
		text := strings.Join(list, ",")
		if m.elem.kind == kindString {
			setText(m.elem, v, text)
		} else if err := m.elem.parse(v, text, timeHTTP); err != nil {
			return err
		}
		key := reflect.ValueOf(strings.ToLower(name[len(m.name):])).Convert(dst.Type().Key())
		out.SetMapIndex(key, v)
	}
	if out.Len() > 0 {
		dst.Set(out)
	}
	return nil
}

// setText stores the text of a header as the server sent it, even if it is not UTF-8, so that an object with such
// metadata can be read.
func setText(v *value, dst reflect.Value, text string) {
	if v.ptr {
		dst.Set(reflect.New(dst.Type().Elem()))
		dst = dst.Elem()
	}
	dst.SetString(text)
}
