package awswire

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"
)

// url is the URL of the operation's request: the endpoint's URL with the operation's path and query.
func (e *Endpoint) url(op *Operation, x reflect.Value) (*url.URL, error) {
	at := e.URL
	switch {
	case at == nil || at.Host == "" || at.Opaque != "" || at.Scheme != "http" && at.Scheme != "https":
		return nil, errors.New("the endpoint is no URL of a server")
	case at.User != nil || at.RawQuery != "" || at.Fragment != "":
		return nil, errors.New("the endpoint's URL has more than a host and a path")
	}
	u := &url.URL{Scheme: at.Scheme, Host: at.Host}
	if e.HostPrefix && op.Host != "" {
		prefix, err := hostPrefix(op, x)
		if err != nil {
			return nil, err
		}
		u.Host = prefix + u.Host
	}
	path, query := "/", ""
	if op.route != nil {
		var err error
		if path, err = requestPath(op, x); err != nil {
			return nil, err
		}
		if query, err = requestQuery(op, x); err != nil {
			return nil, err
		}
	}
	escaped := strings.TrimSuffix(at.EscapedPath(), "/") + path
	plain, err := url.PathUnescape(escaped)
	if err != nil {
		return nil, err
	}
	u.Path, u.RawPath, u.RawQuery = plain, escaped, query
	return u, nil
}

// hostPrefix fills in the template of the operation's Host. A text of the input must be one label of a DNS name,
// because any other text could change the host.
func hostPrefix(op *Operation, x reflect.Value) (string, error) {
	var b strings.Builder
	rest := op.Host
	for {
		text, after, found := strings.Cut(rest, "{")
		b.WriteString(text)
		if !found {
			return b.String(), nil
		}
		var name string
		name, rest, _ = strings.Cut(after, "}")
		value, ok := hostLabel(op, x, lowerFirst(name))
		if !ok {
			return "", fmt.Errorf("the member %s must be a label of a host's name", lowerFirst(name))
		}
		b.WriteString(value)
	}
}

func hostLabel(op *Operation, x reflect.Value, camel string) (string, bool) {
	for i := range op.in.members {
		m := &op.in.members[i]
		f := x.Field(m.index)
		if m.camel != camel || m.kind != kindString || empty(&m.value, f) {
			continue
		}
		text := direct(f).String()
		const maxLabel = 63
		return text, text != "" && len(text) <= maxLabel && strings.Trim(text, letters+digits+"-") == ""
	}
	return "", false
}

// requestPath fills the operation's path.
func requestPath(op *Operation, x reflect.Value) (string, error) {
	var b []byte
	for _, s := range op.route.segments {
		b = append(b, '/')
		if !s.label {
			b = append(b, s.text...)
			continue
		}
		m := op.uriMember(s.text)
		if m == nil {
			return "", fmt.Errorf("the path's %s is no member", s.text)
		}
		f := x.Field(m.index)
		if empty(&m.value, f) {
			return "", fmt.Errorf("the member %s is needed", m.camel)
		}
		text := string(m.text(nil, direct(f), timeISO))
		switch {
		case text == "":
			return "", fmt.Errorf("the member %s must not be empty", m.camel)
		case !s.greedy && (text == "." || text == ".."):
			return "", fmt.Errorf("the member %s must not be %q, which is a step in a path", m.camel, text)
		}
		b = appendEscaped(b, text, s.greedy)
	}
	return string(b), nil
}

func (o *Operation) uriMember(name string) *member {
	for i := range o.in.members {
		if m := &o.in.members[i]; m.place == inURI && m.name == name {
			return m
		}
	}
	return nil
}

// requestQuery writes the parameters of the operation's URI and then those of the input. A map of parameters does not
// override them.
func requestQuery(op *Operation, x reflect.Value) (string, error) {
	q := &queryWriter{given: map[string]bool{}}
	for _, l := range op.route.literal {
		if l.any {
			q.name(l.name)
		} else {
			q.add(l.name, l.value)
		}
	}
	for i := range op.in.members {
		m := &op.in.members[i]
		f := x.Field(m.index)
		switch {
		case m.place != inQuery || m.kind == kindMap || empty(&m.value, f):
		case m.kind == kindList:
			for k := range f.Len() {
				q.add(m.name, string(m.elem.text(nil, direct(f.Index(k)), timeISO)))
			}
		default:
			q.add(m.name, string(m.text(nil, direct(f), timeISO)))
		}
	}
	for i := range op.in.members {
		m := &op.in.members[i]
		if f := x.Field(m.index); m.place == inQuery && m.kind == kindMap && !f.IsNil() {
			q.mapping(m, f)
		}
	}
	return string(q.b), nil
}

// queryWriter appends parameters to a query.
type queryWriter struct {
	b     []byte
	given map[string]bool
}

func (q *queryWriter) name(name string) {
	if len(q.b) > 0 {
		q.b = append(q.b, '&')
	}
	q.b = appendEscaped(q.b, name, false)
	q.given[name] = true
}

func (q *queryWriter) add(name, text string) {
	q.name(name)
	q.b = append(q.b, '=')
	q.b = appendEscaped(q.b, text, false)
}

func (q *queryWriter) mapping(m *member, f reflect.Value) {
	own := q.given
	q.given = map[string]bool{}
	for _, k := range sortedKeys(f) {
		if own[k] {
			continue
		}
		v := direct(f.MapIndex(reflect.ValueOf(k).Convert(f.Type().Key())))
		if m.elem.kind != kindList {
			q.add(k, string(m.elem.text(nil, v, timeISO)))
			continue
		}
		for i := range v.Len() {
			q.add(k, string(m.elem.elem.text(nil, direct(v.Index(i)), timeISO)))
		}
	}
}

const (
	letters    = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	digits     = "0123456789"
	hexUpper   = "0123456789ABCDEF"
	unreserved = letters + digits + "-._~" // RFC 3986, 2.3: what AWS's signatures leave as it is
)

// appendEscaped percent-encodes every byte that is not unreserved. If slashes is true, it leaves slashes as they are.
func appendEscaped(b []byte, text string, slashes bool) []byte {
	for i := range len(text) {
		if c := text[i]; strings.IndexByte(unreserved, c) >= 0 || slashes && c == '/' {
			b = append(b, c)
		} else {
			b = append(b, '%', hexUpper[c>>4], hexUpper[c&15])
		}
	}
	return b
}

// EscapeName percent-encodes every byte of a name that is neither unreserved nor a slash, as AWS's signatures and S3's
// encoding-type=url do. A space is %20, which every decoder takes for a space.
func EscapeName(name string) string {
	return string(appendEscaped(make([]byte, 0, len(name)+16), name, true))
}
