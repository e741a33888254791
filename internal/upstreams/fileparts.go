package upstreams

import (
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"latchkey/internal/access"
)

// endpoint reads an endpoint: scheme, host and at most a path. It is otherwise if the file has none.
func (r *reader) endpoint(v value, name string, otherwise *url.URL) *url.URL {
	if !v.given() {
		return otherwise
	}
	text := r.plain(v, name, "")
	u, err := url.Parse(text)
	switch {
	case err != nil, u.Host == "", u.Scheme != "http" && u.Scheme != "https", u.Opaque != "":
		r.fail(v.line, "%s: it must be a URL such as https://s3.example.org:9000", name) // text may have a password
	case u.User != nil, u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		r.fail(v.line, "%s %q: it must have nothing but a scheme, a host and a path", name, u.Redacted())
	case strings.Contains(u.EscapedPath(), "//"), strings.Contains(u.EscapedPath(), "/."):
		r.fail(v.line, "%s %q: its path has an empty segment or one that begins with a dot", name, text)
	default:
		u.Path, u.RawPath = strings.TrimSuffix(u.Path, "/"), ""
		return u
	}
	return otherwise
}

func (r *reader) region(v value, name, otherwise string) string {
	text := r.plain(v, name, otherwise)
	if !access.IsRegion(text) {
		r.fail(v.line, "%s %q: it must be 1 to 32 lower-case letters, digits and hyphens", name, text)
	}
	return text
}

// checkVirtualHost refuses endpoints before whose host no bucket can stand.
func (r *reader) checkVirtualHost(u *Upstream, line int) {
	for _, e := range u.Endpoints {
		if e != nil && net.ParseIP(e.Hostname()) != nil {
			r.fail(line, "upstream %q: a bucket cannot stand before the address %s: give a host's name, "+
				"or addressing: path", u.Name, e.Hostname())
		}
	}
}

func (r *reader) limits(f *fileLimits) Limits {
	d := DefaultLimits
	return Limits{
		Connections:     r.number(f.Connections, "connections", d.Connections, 1, 65536),
		IdleConnections: r.number(f.IdleConnections, "idleConnections", d.IdleConnections, 1, 65536),
		MaxSpool:        int64(r.number(f.MaxSpool, "maxSpool", int(d.MaxSpool), 1<<20, 1<<50)),
		ConnectTimeout: r.duration(f.ConnectTimeout, "connectTimeout", d.ConnectTimeout,
			durations{100 * time.Millisecond, time.Minute}),
		WaitTimeout: r.duration(f.WaitTimeout, "waitTimeout", d.WaitTimeout,
			durations{100 * time.Millisecond, time.Hour}),
		AnswerTimeout: r.duration(f.AnswerTimeout, "answerTimeout", d.AnswerTimeout, durations{time.Second, time.Hour}),
		ChangeTimeout: r.duration(f.ChangeTimeout, "changeTimeout", d.ChangeTimeout,
			durations{time.Second, 24 * time.Hour}),
		StallTimeout: r.duration(f.StallTimeout, "stallTimeout", d.StallTimeout, durations{time.Second, time.Hour}),
		IdleTimeout:  r.duration(f.IdleTimeout, "idleTimeout", d.IdleTimeout, durations{time.Second, time.Hour}),
	}
}

func (r *reader) health(f *fileHealth, m *Mapping) Health {
	h := Health{
		Interval: r.duration(f.Interval, "interval", DefaultHealth.Interval, durations{time.Second, time.Hour}),
		Timeout:  r.duration(f.Timeout, "timeout", DefaultHealth.Timeout, durations{100 * time.Millisecond, time.Minute}),
		Bucket:   r.plain(f.Bucket, "bucket", ""),
		Observe:  r.duration(f.Observe, "observe", DefaultHealth.Observe, durations{time.Second, 24 * time.Hour}),
	}
	if h.Bucket == "" {
		return h
	}
	if err := access.CheckBucket(h.Bucket); err != nil {
		r.failBecause(f.Bucket, "bucket", err)
	}
	if _, ok := m.Stored(h.Bucket); !ok {
		r.fail(f.Bucket.line, "bucket %q: it is not one of the upstream's buckets", h.Bucket)
	}
	return h
}

// mapping reads which buckets are served: the word all, a list, a prefix or a table.
func (r *reader) mapping(f *fileMapping) (m Mapping) {
	if entries, ok := f.node.(ast.MapNode); ok {
		r.namedMapping(entries, lineOf(f.node), &m)
		return m
	}
	var list values
	_ = list.UnmarshalYAML(f.node) // it never fails
	if _, ok := f.node.(*ast.SequenceNode); !ok {
		r.oneOf(list[0], "buckets", "all", "all")
		return m
	}
	m.Only = []string{}
	for _, v := range list {
		m.Only = append(m.Only, r.bucket(v, "buckets"))
	}
	if len(list) == 0 {
		r.fail(lineOf(f.node), "buckets: the list is empty")
	}
	return m
}

func (r *reader) bucket(v value, name string) string {
	text := r.plain(v, name, "")
	if err := access.CheckBucket(text); err != nil {
		r.failBecause(v, name, err)
	}
	return text
}

// namedMapping reads {prefix: text} or {rename: {here: there}}.
func (r *reader) namedMapping(entries ast.MapNode, line int, m *Mapping) {
	n := 0
	for it := entries.MapRange(); it.Next(); n++ {
		var v value
		_ = v.UnmarshalYAML(it.Value()) // it never fails
		key := it.Key().GetToken().Value
		table, isTable := it.Value().(ast.MapNode)
		switch {
		case key == "prefix":
			m.Prefix = r.plain(v, "prefix", "")
			if access.CheckBucket(m.Prefix+"aaa") != nil {
				r.fail(v.line, "prefix %q: no bucket's name can begin so", m.Prefix)
			}
		case key == "rename" && isTable:
			m.Rename = r.renames(table)
		case key == "rename":
			r.fail(v.line, "rename must be a table of names here and names in the store")
		default:
			r.fail(lineOf(it.Key()), "unknown field %q", key)
		}
	}
	if n != 1 {
		r.fail(line, "buckets: give all, a list, prefix or rename, one of them")
	}
}

func (r *reader) renames(table ast.MapNode) map[string]string {
	names := map[string]string{}
	stored := map[string]bool{}
	for it := table.MapRange(); it.Next(); {
		var here, there value
		_ = here.UnmarshalYAML(it.Key())    // it never fails
		_ = there.UnmarshalYAML(it.Value()) // it never fails
		name, in := r.bucket(here, "rename"), r.bucket(there, "rename")
		if _, twice := names[name]; twice || stored[in] {
			r.fail(here.line, "rename: %q or %q stands there twice", name, in)
		}
		names[name], stored[in] = in, true
	}
	return names
}
