package awswire_test

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"time"

	"latchkey/internal/awswire"
)

// A maker makes random values that a model allows. Equal seeds make equal values.
type maker struct {
	*rand.Rand
	protocol awswire.Protocol
	output   bool
}

// level is what the tags say about one level of a member, as far as a maker needs it.
type level struct {
	options       []string
	enum, pattern string
	min, max      int64
}

func readLevel(tag reflect.StructTag, at string) level {
	prefix := at + "-"
	if at == "aws" {
		prefix = ""
	}
	l := level{options: strings.Split(tag.Get(at), ","), enum: tag.Get(prefix + "enum"),
		pattern: tag.Get(prefix + "pattern")}
	l.min, l.max = bound(tag.Get(at), "min=", math.MinInt64), bound(tag.Get(at), "max=", math.MaxInt64)
	return l
}

func (l level) has(option string) bool { return slices.Contains(l.options[1:], option) }

// wire says where a value travels. The values that it can have depend on that.
func (l level) wire() string {
	for _, place := range []string{"uri", "query", "header", "headers", "payload"} {
		if l.has(place) {
			return place
		}
	}
	return "body"
}

// structure sets the required members of a struct and some of the others.
func (m maker) structure(v reflect.Value, depth int) {
	set := 0
	for i := range v.NumField() {
		l := readLevel(v.Type().Field(i).Tag, "aws")
		optional := !l.has("required") && !l.has("uri") && !l.has("idempotent") && !l.has("payload") && !m.defaulted(l)
		if optional && (m.IntN(3) == 0 || depth > 4) {
			continue
		}
		m.value(v.Field(i), v.Type().Field(i).Tag, "aws", l.wire(), depth)
		set++
	}
	if set == 0 && v.NumField() > 0 && depth < 8 { // a form cannot tell an empty structure from none
		m.value(v.Field(0), v.Type().Field(0).Tag, "aws", "body", depth+4)
	}
	m.streamLength(v)
}

// defaulted reports whether HTTP supplies a value if the member of an answer is absent.
func (m maker) defaulted(l level) bool {
	return m.output && l.has("header") && (l.options[0] == "Content-Length" || l.options[0] == "Content-Type")
}

// streamLength makes the Content-Length member agree with the stream beside it.
func (m maker) streamLength(v reflect.Value) {
	for i := range v.NumField() {
		if s, ok := v.Field(i).Interface().(*sized); ok {
			if f := v.FieldByName("ContentLength"); f.IsValid() {
				f.Set(reflect.ValueOf(new(int64(s.Len()))))
			}
		}
	}
}

// sized is a stream that stays readable for a comparison.
type sized struct {
	*bytes.Reader
	text string
}

func (*sized) Close() error { return nil }

func newSized(b []byte) *sized { return &sized{bytes.NewReader(b), string(b)} }

func (m maker) value(v reflect.Value, tag reflect.StructTag, at, wire string, depth int) {
	l := readLevel(tag, at)
	if l.has("document") || l.has("json") {
		v.Set(reflect.ValueOf(map[string]any{"a": "x\"y", "n": 1.5, "l": []any{true, nil}}))
		return
	}
	item := strings.TrimPrefix(at+"-item", "aws-")
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		m.value(v.Elem(), tag, at, wire, depth)
	case reflect.Interface:
		v.Set(reflect.ValueOf(io.ReadCloser(newSized(m.bytes()))))
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[[]byte]() {
			v.SetBytes(m.bytes())
			return
		}
		n := m.count(l)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			m.value(v.Index(i), tag, item, wire, depth+1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range m.count(l) {
			k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			k.SetString(m.text(readLevel(tag, strings.TrimPrefix(at+"-key", "aws-")), wire+"-key"))
			m.value(e, tag, item, wire, depth+1)
			v.SetMapIndex(k, e)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(m.time(l, wire)))
			return
		}
		m.structure(v, depth+1)
	case reflect.Bool:
		v.SetBool(m.IntN(2) == 0)
	case reflect.Int32, reflect.Int64:
		low, high := max(l.min, -1000), min(l.max, 1<<30)
		if wire == "header" {
			low = max(low, 0)
		}
		v.SetInt(low + m.Int64N(high-low+1))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(m.IntN(4000)-2000) / 8)
	case reflect.String:
		v.SetString(m.text(l, wire))
	default:
		panic(fmt.Sprint("no value for ", v.Type()))
	}
}

// count is a length that the model allows. It is at least 1, because the wire often does not distinguish an empty
// list from none.
func (m maker) count(l level) int {
	low := max(l.min, 1)
	return int(low + m.Int64N(min(l.max, low+2)-low+1))
}

func (m maker) bytes() []byte {
	b := make([]byte, m.IntN(40))
	for i := range b {
		b[i] = byte(m.Uint32())
	}
	return b
}

// time is as precise as the wire is.
func (m maker) time(l level, wire string) time.Time {
	t := time.UnixMilli(m.Int64N(4e12)).UTC()
	if l.has("ts=rfc822") || wire == "header" && !l.has("ts=iso8601") {
		return t.Truncate(time.Second)
	}
	return t
}

// text makes a text that matches the pattern and the length of the level, and that its place on the wire can
// represent.
func (m maker) text(l level, wire string) string {
	if l.enum != "" {
		all := strings.Split(l.enum, "|")
		return all[m.IntN(len(all))]
	}
	pattern := l.pattern
	if pattern == "" {
		pattern = `[\s\S]*`
	}
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		panic(err)
	}
	whole := regexp.MustCompile(`\A(?:` + pattern + `)\z`)
	for try := range 2000 {
		var b strings.Builder
		m.matching(&b, re, 1+try%64)
		s := b.String()
		n := int64(len([]rune(s)))
		if n >= l.min && n <= l.max && whole.MatchString(s) && m.carries(s, wire) {
			return s
		}
	}
	panic("no text for " + pattern + " " + strings.Join(l.options, ","))
}

// carries reports whether a place on the wire can represent a text.
func (m maker) carries(s, wire string) bool {
	control := func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }
	switch wire {
	case "uri":
		return s != "" && s != "." && s != ".."
	case "header", "headers":
		return s != "" && strings.TrimSpace(s) == s && !strings.ContainsFunc(s, control)
	case "headers-key":
		return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == ""
	case "query":
		return true
	case "payload":
		return s != "" // an empty body is none
	}
	if m.protocol == awswire.RestXML || m.output && m.protocol == awswire.Query {
		return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' })
	}
	return true
}

// favourites are characters with a special meaning to some parser on the way.
var favourites = []rune(" /.%+&=;,:?#\"'<>\\\t\r\n~*|é\u00a0\u2028😹aZ09-_")

// matching appends a text that matches a regular expression. Each repetition has at most n elements.
func (m maker) matching(b *strings.Builder, re *syntax.Regexp, n int) {
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		b.WriteRune(m.oneOf(re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		for r := '\n'; ; {
			if r = favourites[m.IntN(len(favourites))]; r != '\n' || re.Op == syntax.OpAnyChar {
				b.WriteRune(r)
				return
			}
		}
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			m.matching(b, sub, n)
		}
	case syntax.OpAlternate:
		m.matching(b, re.Sub[m.IntN(len(re.Sub))], n)
	case syntax.OpCapture:
		m.matching(b, re.Sub[0], n)
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		low, high := re.Min, re.Max
		switch re.Op {
		case syntax.OpStar:
			low, high = 0, n
		case syntax.OpPlus:
			low, high = 1, n
		case syntax.OpQuest:
			low, high = 0, 1
		}
		if high < 0 {
			high = low + n
		}
		for range low + m.IntN(max(high-low, 0)+1) {
			m.matching(b, re.Sub[0], n)
		}
	}
}

// oneOf picks a character of a class: mostly one of favourites, otherwise one of the ranges.
func (m maker) oneOf(ranges []rune) rune {
	for range 8 {
		r := favourites[m.IntN(len(favourites))]
		for i := 0; i < len(ranges); i += 2 {
			if ranges[i] <= r && r <= ranges[i+1] {
				return r
			}
		}
	}
	i := 2 * m.IntN(len(ranges)/2)
	for {
		low, high := ranges[i], min(ranges[i+1], 0xFFFD)
		r := low + m.Int32N(max(high-low, 0)+1)
		if r < 0xD800 || r > 0xDFFF {
			return r
		}
	}
}

// seed is a random source that depends on parts alone.
func seed(parts ...any) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprint(h, parts...)
	return rand.New(rand.NewPCG(h.Sum64(), 0))
}
