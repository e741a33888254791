package awswire

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"latchkey/internal/budget"
	"latchkey/internal/fault"
)

// ParseQuery reads a query. Unlike net/url's function it drops nothing: a percent sign without two hexadecimal digits
// is fault.Invalid, and a semicolon is an ordinary character. `+` is a space. A query of more than 1,000 parameters is
// fault.TooLarge.
func ParseQuery(raw string) (url.Values, error) {
	return ParseForm(budget.Budget{Elements: maxParameters}, raw)
}

// maxParameters bounds the parameters of a query, as package sigv4 does.
const maxParameters = 1000

// ParseForm is ParseQuery for a form that may have as many fields as the budget has elements.
func ParseForm(b budget.Budget, raw string) (url.Values, error) {
	v, err := parsePairs(raw, b.Meter())
	if errors.Is(err, budget.ErrElements) {
		return nil, fault.New(fault.TooLarge, fault.Request, "").Because(err)
	}
	return v, err
}

func parsePairs(raw string, meter *budget.Meter) (url.Values, error) {
	v := url.Values{}
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		if err := meter.Element(); err != nil {
			return nil, err
		}
		name, val, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(name)
		if err == nil {
			val, err = url.QueryUnescape(val)
		}
		if err != nil {
			return nil, fault.New(fault.Invalid, fault.Request, "Couldn't parse the specified URI.").Because(err)
		}
		v[name] = append(v[name], val)
	}
	return v, oneSpelling(v)
}

// oneSpelling refuses names that differ in case only. A parameter that stands for a header is found regardless of
// case, and a proxy may take two spellings for one name: a request must not have two readings.
func oneSpelling(v url.Values) error {
	twice := func(name string) error {
		return fault.New(fault.Invalid, fault.Argument, "The query parameter '%s' is given in two spellings.", name)
	}
	var few [8]string
	if len(v) <= len(few) { // most queries: without a map
		n := 0
		for name := range v {
			for _, other := range few[:n] {
				if strings.EqualFold(name, other) {
					return twice(name)
				}
			}
			few[n] = name
			n++
		}
		return nil
	}
	seen := make(map[string]bool, len(v))
	for name := range v {
		folded := strings.ToLower(strings.ToUpper(name)) // the letters that strings.EqualFold takes for ASCII's, too
		if seen[folded] {
			return twice(name)
		}
		seen[folded] = true
	}
	return nil
}

// signatureParameters are the query parameters of a presigned request that package sigv4 reads.
var signatureParameters = map[string]bool{
	"X-Amz-Algorithm": true, "X-Amz-Credential": true, "X-Amz-Date": true, "X-Amz-Expires": true,
	"X-Amz-SignedHeaders": true, "X-Amz-Signature": true, "X-Amz-Security-Token": true, "X-Amz-Content-Sha256": true,
}

func presigned(query url.Values) bool { return query.Has("X-Amz-Signature") }

// queryHeader finds the query parameter that a presigned request has in place of an x-amz- header, because SDKs move
// such headers into the query. Names are compared regardless of case.
func queryHeader(query url.Values, header string) []string {
	if len(header) < 6 || !strings.EqualFold(header[:6], "x-amz-") {
		return nil
	}
	for name, val := range query {
		if strings.EqualFold(name, header) && !signatureParameters[name] {
			return val
		}
	}
	return nil
}

// UnknownParameters returns the query parameters that the operation's model does not know, sorted. It knows those of
// the URI, the query members, x-id (in which SDKs name the operation), and, in a presigned request, the X-Amz-
// parameters of the signature and the x-amz- parameters that stand for header members. Decode refuses unknown
// parameters for every REST operation. The S3 gateway calls UnknownParameters before, because to S3 an unknown
// parameter mostly names another operation.
func UnknownParameters(op *Operation, query url.Values) []string {
	op.plans()
	if op.route == nil || op.route.knowsAll {
		return nil
	}
	var unknown []string
	for name := range query {
		switch {
		case op.route.known[name], name == "x-id":
		case presigned(query) && (signatureParameters[name] || op.headerMember(name) != nil):
		default:
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}

// headerMember finds the input member that travels in an x-amz- header, by the header's name.
func (o *Operation) headerMember(name string) *member {
	if len(name) < 6 || !strings.EqualFold(name[:6], "x-amz-") {
		return nil
	}
	for i := range o.in.members {
		m := &o.in.members[i]
		switch {
		case m.place == inHeader && strings.EqualFold(m.name, name):
			return m
		case m.place == inHeaders && len(name) > len(m.name) && strings.EqualFold(name[:len(m.name)], m.name):
			return m
		}
	}
	return nil
}
