package awswire

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"latchkey/internal/fault"
)

// headerValues finds the header of a member, or the query parameter of a presigned request that stands for it. Both
// together are refused. It does not use Header.Values, which would make the name of every member anew for each request.
func headerValues(m *member, r *http.Request, query url.Values) ([]string, error) {
	list, name := r.Header[m.header], m.name
	if len(list) == 0 {
		switch {
		case strings.EqualFold(name, "content-length") && r.ContentLength >= 0 &&
			(r.ContentLength > 0 || r.Body != nil && r.Body != http.NoBody):
			return []string{strconv.FormatInt(r.ContentLength, 10)}, nil // net/http keeps it outside of the headers
		case strings.EqualFold(name, "host") && r.Host != "":
			return []string{r.Host}, nil
		}
	}
	if presigned(query) {
		if hoisted := queryHeader(query, name); hoisted != nil {
			if len(list) > 0 {
				return nil, fault.New(fault.Invalid, fault.Argument, "'%s' is given as a header and as a query parameter.", name)
			}
			return hoisted, nil
		}
	}
	return list, nil
}

func decodeHeader(m *member, dst reflect.Value, r *http.Request, query url.Values) error {
	list, err := headerValues(m, r, query)
	switch {
	case err != nil:
		return err
	case len(list) == 0:
		return nil
	case m.kind == kindList && strings.TrimSpace(list[0]) == "":
		return nil
	case m.kind == kindList:
		return decodeTexts(m, dst,
			splitHeader(strings.Join(list, ","), m.elem.kind == kindTime && m.elem.timeAs(timeHTTP) == timeHTTP), timeHTTP)
	case len(list) > 1:
		return fault.New(fault.Invalid, fault.Header, "The header '%s' is given more than once.", m.name)
	case m.json:
		text, err := base64.StdEncoding.DecodeString(list[0])
		if err != nil {
			return fault.New(fault.Invalid, fault.Header, "The header '%s' is not base64.", m.name)
		}
		return decodeJSONValue(&m.value, dst, document{text, Usual.Meter()})
	}
	return memberError(m, m.parse(dst, list[0], timeHTTP))
}

// decodeHeaders reads every header with a prefix. The rest of each name is in lower case, as S3 stores the names of
// user metadata.
func decodeHeaders(m *member, dst reflect.Value, h http.Header, query url.Values) error {
	out := reflect.MakeMap(dst.Type())
	take := func(name string, list []string) error {
		if len(name) <= len(m.name) || !strings.EqualFold(name[:len(m.name)], m.name) {
			return nil
		}
		key := reflect.ValueOf(strings.ToLower(name[len(m.name):]))
		if out.MapIndex(key).IsValid() {
			return fault.New(fault.Invalid, fault.Header, "The header '%s' is given more than once.", name)
		}
		v := reflect.New(dst.Type().Elem()).Elem()
		// S3 joins the values of user metadata that is sent more than once.
		if err := memberError(m, m.elem.parse(v, strings.Join(list, ","), timeHTTP)); err != nil {
			return err
		}
		out.SetMapIndex(key, v)
		return nil
	}
	for name, list := range h {
		if err := take(name, list); err != nil {
			return err
		}
	}
	if presigned(query) && len(m.name) >= 6 {
		for name, list := range query {
			if err := take(name, list); err != nil {
				return err
			}
		}
	}
	if out.Len() > 0 {
		dst.Set(out)
	}
	return nil
}

// splitHeader splits a header's list at its commas, of which an HTTP date has one itself. An item may be
// quoted, with \" and \\ inside.
func splitHeader(text string, dates bool) []string {
	if dates {
		parts := strings.Split(text, ",")
		var list []string
		for i := 0; i+1 < len(parts); i += 2 {
			list = append(list, strings.TrimSpace(parts[i]+","+parts[i+1]))
		}
		if len(parts)%2 == 1 {
			list = append(list, strings.TrimSpace(parts[len(parts)-1]))
		}
		return list
	}
	var list []string
	var item strings.Builder
	quoted, wasQuoted := false, false
	end := func() {
		s := item.String()
		if !wasQuoted {
			s = strings.TrimSpace(s)
		}
		list = append(list, s)
		item.Reset()
		wasQuoted = false
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\' && i+1 < len(text):
			i++
			item.WriteByte(text[i])
		case c == '"' && (quoted || strings.TrimSpace(item.String()) == ""):
			if !quoted {
				item.Reset()
				wasQuoted = true
			}
			quoted = !quoted
		case c == ',' && !quoted:
			end()
		case wasQuoted && !quoted && (c == ' ' || c == '\t'):
		default:
			item.WriteByte(c)
		}
	}
	end()
	return list
}
