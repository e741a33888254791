package awswire

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strings"

	"latchkey/internal/fault"
)

// Labels are the parts of a path that an operation's URI names. They are percent-decoded exactly once and not changed
// otherwise: `//`, `/../` and an encoded slash in a key stay as they are.
type Labels map[string]string

// route describes the requests of one REST operation.
type route struct {
	op       *Operation
	segments []segment
	literal  []pair   // query parameters with the value that they must have
	query    []string // required query members
	headers  []string // required header members, apart from those that every operation has
	known    map[string]bool
	knowsAll bool // a map member has every parameter
}

type segment struct {
	text   string // a literal, or a label's name
	label  bool
	greedy bool
}

type pair struct {
	name, value string
	any         bool // the value does not matter: the parameter only has to be present
}

// prepare reads the struct tags of all operations. It panics if the tags are invalid, because they are part of the
// program.
func (s *Service) prepare() {
	s.byName = make(map[string]*Operation, len(s.Operations))
	p := &planner{plans: map[reflect.Type]*plan{}, patterns: map[string]*regexp.Regexp{}}
	for _, o := range s.Operations {
		var err error
		if o.in, err = p.plan(o.In); err == nil {
			o.out, err = p.plan(o.Out)
		}
		if err != nil {
			panic(fmt.Sprintf("awswire: %s %s: %v", s.Name, o.Name, err))
		}
		s.byName[o.Name] = o
		if s.Protocol == RestXML || s.Protocol == RestJSON {
			o.route = newRoute(o)
			s.routes = append(s.routes, o.route)
		}
	}
}

// plans makes sure that the operation's tags have been read.
func (o *Operation) plans() { o.Service.once.Do(o.Service.prepare) }

func newRoute(o *Operation) *route {
	r := &route{op: o, known: map[string]bool{}}
	path, query, _ := strings.Cut(o.URI, "?")
	for s := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		seg := segment{text: s}
		if strings.HasPrefix(s, "{") && strings.HasSuffix(s, "}") {
			seg = segment{text: s[1 : len(s)-1], label: true}
			seg.text, seg.greedy = strings.CutSuffix(seg.text, "+")
		}
		r.segments = append(r.segments, seg)
	}
	if query != "" {
		for q := range strings.SplitSeq(query, "&") {
			name, val, has := strings.Cut(q, "=")
			r.literal = append(r.literal, pair{name, val, !has})
			r.known[name] = true
		}
	}
	for i := range o.in.members {
		m := &o.in.members[i]
		switch {
		case m.place == inQuery && m.kind == kindMap:
			r.knowsAll = true
		case m.place == inQuery:
			r.known[m.name] = true
			if m.required {
				r.query = append(r.query, m.name)
			}
		case m.place == inHeader && m.required:
			r.headers = append(r.headers, m.name)
		}
	}
	return r
}

// Match finds the operation that a REST or JSON request names. For a query-protocol request, which names it in its
// form, use MatchForm. An unknown path or target is fault.Unsupported of fault.Operation. A known path with another
// method is fault.Unsupported of fault.Method.
func (s *Service) Match(r *http.Request) (*Operation, Labels, error) {
	switch s.Protocol {
	case JSON:
		op, err := s.matchTarget(r)
		return op, nil, err
	case Query:
		return nil, nil, fault.New(fault.Unsupported, fault.Operation, "")
	}
	query, err := ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, nil, err
	}
	return s.MatchPath(r.Method, r.URL.EscapedPath(), query, r.Header)
}

// MatchPath is Match for a path in its escaped form, which need not be the request's own: if the bucket is in the
// host name, the gateway puts it before the path. If several operations have the path, the one with the most
// requirements wins: literal query parameters, required query members, required header members.
func (s *Service) MatchPath(method, escapedPath string, query url.Values,
	header http.Header) (*Operation, Labels, error) {
	s.once.Do(s.prepare)
	if !strings.HasPrefix(escapedPath, "/") {
		return nil, nil, fault.New(fault.Unsupported, fault.Operation, "")
	}
	var best *route
	score, otherMethod := -1, false
	for _, r := range s.routes {
		if !r.path(escapedPath) {
			continue
		}
		if r.op.Method != method {
			otherMethod = true
			continue
		}
		if n := r.score(query, header); n > score {
			best, score = r, n
		}
	}
	switch {
	case best == nil && otherMethod:
		return nil, nil, fault.New(fault.Unsupported, fault.Method, "")
	case best == nil:
		return nil, nil, fault.New(fault.Unsupported, fault.Operation, "")
	}
	labels, err := best.labels(escapedPath)
	return best.op, labels, err
}

// score says how well a request matches the route. -1 means that it does not match. 0 means that only the path
// matches, or that required members are missing; decoding can then name them. Each requirement that the request
// satisfies adds to the score.
func (r *route) score(query url.Values, header http.Header) int {
	for _, l := range r.literal {
		got, ok := query[l.name]
		if !ok || !l.any && (len(got) != 1 || got[0] != l.value) {
			return -1
		}
	}
	n := 1 + 2*len(r.literal) + len(r.query) + len(r.headers)
	hoisted := presigned(query)
	for _, q := range r.query {
		if _, ok := query[q]; !ok {
			return 2 * len(r.literal)
		}
	}
	for _, h := range r.headers {
		if len(header.Values(h)) == 0 && (!hoisted || queryHeader(query, h) == nil) {
			return 2 * len(r.literal)
		}
	}
	return n
}

// path reports whether the escaped path matches the template.
func (r *route) path(escaped string) bool {
	rest, more := escaped[1:], true
	for i, s := range r.segments {
		if !more {
			return false
		}
		if s.greedy {
			return rest != "" && i == len(r.segments)-1
		}
		var part string
		part, rest, more = strings.Cut(rest, "/")
		if s.label && part == "" || !s.label && part != s.text {
			return false
		}
	}
	// A slash may follow the name of a bucket.
	return !more || rest == "" && len(r.segments) == 1 && r.segments[0].label
}

func (r *route) labels(escaped string) (Labels, error) {
	labels := Labels{}
	rest := escaped[1:]
	for _, s := range r.segments {
		part := rest
		if !s.greedy {
			part, rest, _ = strings.Cut(rest, "/")
		}
		if !s.label {
			continue
		}
		text, err := url.PathUnescape(part)
		if err != nil {
			return nil, fault.New(fault.Invalid, fault.Request, "Couldn't parse the specified URI.").Because(err)
		}
		labels[s.text] = text
	}
	return labels, nil
}

// matchTarget finds a JSON operation by the header X-Amz-Target: PREFIX.Operation.
func (s *Service) matchTarget(r *http.Request) (*Operation, error) {
	prefix, name, ok := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return nil, fault.New(fault.Unsupported, fault.Operation, "")
	}
	if op := s.Operation(name); ok && prefix == s.TargetPrefix && op != nil {
		if r.Method != http.MethodPost {
			return nil, fault.New(fault.Unsupported, fault.Method, "")
		}
		if r.URL.RawQuery != "" {
			return nil, fault.New(fault.Malformed, fault.JSON, "A call in JSON has no query string.")
		}
		return op, nil
	}
	return nil, fault.New(fault.Unsupported, fault.Operation, "")
}

// MatchForm finds a query-protocol operation by the form's Action and Version, each of which must be there
// exactly once.
func (s *Service) MatchForm(form url.Values) (*Operation, error) {
	if s.Protocol == Query && len(form["Action"]) == 1 && len(form["Version"]) == 1 && form["Version"][0] == s.APIVersion {
		if op := s.Operation(form["Action"][0]); op != nil {
			return op, nil
		}
	}
	return nil, fault.New(fault.Unsupported, fault.Operation, "")
}
