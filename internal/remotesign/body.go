package remotesign

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"slices"
	"strings"

	"latchkey/internal/budget"
	"latchkey/internal/fault"
)

// description is a RemoteSignRequest.
type description struct {
	Region, URI, Method, Body, Provider string
	Headers                             map[string][]string
}

// methods are those that the specification has and S3 knows.
var methods = []string{"GET", "HEAD", "PUT", "POST", "DELETE"}

// read reads the body of the request and builds what is to be signed.
func (q *request) read() (*toSign, error) {
	if kind, _, err := mime.ParseMediaType(q.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, invalid("The body must be application/json")
	}
	if q.URL.RawQuery != "" {
		return nil, invalid("The endpoint has no parameters")
	}
	if !signs(q.Header.Values("X-Iceberg-Access-Delegation")) {
		return nil, fault.New(fault.Unsupported, fault.Operation,
			"Only remote-signing is supported here").For(fault.NotSignable)
	}
	q.Limit(bodies)
	text, err := io.ReadAll(q.Body)
	if err != nil {
		if _, ok := errors.AsType[*fault.Error](err); ok {
			return nil, err
		}
		return nil, fault.New(fault.Incomplete, fault.Body, "The body is incomplete").Because(err)
	}
	in, err := parse(text)
	if err != nil {
		return nil, err
	}
	return q.build(in)
}

// signs reports whether a client that names the ways in which it takes a signature takes one in headers. A client that
// names none does.
func signs(accepted []string) bool {
	if len(accepted) == 0 {
		return true
	}
	for _, v := range accepted {
		for way := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(way), "remote-signing") {
				return true
			}
		}
	}
	return false
}

// parse reads a RemoteSignRequest. It refuses members that it does not know, and members that occur twice. The
// properties are the client's own business, and decide nothing.
func parse(text []byte) (*description, error) {
	if err := bodies.CheckJSON(text); err != nil {
		if errors.Is(err, budget.ErrElements) || errors.Is(err, budget.ErrDepth) {
			return nil, fault.New(fault.TooLarge, fault.Body, "The body has too many values").Because(err)
		}
		return nil, err
	}
	members, err := object(text)
	if err != nil {
		return nil, invalid("The body is not a JSON object that has each member once").(*fault.Error).Because(err)
	}
	in := &description{}
	to := map[string]any{
		"region": &in.Region, "uri": &in.URI, "method": &in.Method, "body": &in.Body, "provider": &in.Provider,
		"headers": &in.Headers, "properties": &map[string]string{},
	}
	for name, raw := range members {
		at, known := to[name]
		if !known {
			return nil, invalid("The member %q is not known", fault.Clip(name, 64))
		}
		if name == "headers" || name == "properties" {
			if _, err := object(raw); err != nil && string(raw) != "null" {
				return nil, invalid("The member %s is not an object that has each member once", name)
			}
		}
		if err := json.Unmarshal(raw, at); err != nil {
			return nil, invalid("The member %s is not of its type", name)
		}
	}
	return in, in.check()
}

func (in *description) check() error {
	switch {
	case in.Headers == nil:
		return invalid("The member headers is missing")
	case in.Provider != "" && !strings.EqualFold(in.Provider, "s3"):
		return invalid("The provider is not s3")
	case !slices.Contains(methods, in.Method):
		return invalid("The method is none of %s", strings.Join(methods, ", "))
	}
	return checkRegion(in.Region)
}

var errNotAnObject = errors.New("not an object, or one with a member twice")

// object reads the members of a JSON object without looking into them.
func object(text []byte) (map[string]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errNotAnObject
	}
	all := map[string]json.RawMessage{}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if _, twice := all[name]; err != nil || !ok || twice {
			return nil, errNotAnObject
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, err
		}
		all[name] = raw
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errNotAnObject
	}
	return all, nil
}
