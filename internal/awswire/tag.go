package awswire

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

type kind uint8

const (
	kindString kind = iota + 1
	kindInt
	kindFloat
	kindBool
	kindTime
	kindBlob
	kindList
	kindMap
	kindStruct
	kindStream
	kindDocument
)

type place uint8

const (
	inBody place = iota
	inURI
	inQuery
	inHeader
	inHeaders // every header with a prefix
	inStatus
)

type timeFormat uint8

const (
	timeDefault timeFormat = iota // what the protocol uses at that place
	timeUnix
	timeISO
	timeHTTP
)

// value is what the tags say about one value: a member, an element of a list, or a key of a map.
type value struct {
	kind           kind
	ptr            bool   // the Go value is a pointer
	bits           int    // of numbers
	name           string // on the wire
	flat           bool
	hasMin, hasMax bool
	min, max       int64
	pattern        *regexp.Regexp
	enum           []string
	time           timeFormat
	sensitive      bool
	json           bool
	ns, nsPrefix   string
	key, elem      *value
	plan           *plan // of a struct
}

// member is one field of a struct.
type member struct {
	value
	index    int
	camel    string // the member's name as AWS writes it in messages and in CloudTrail
	place    place
	payload  bool
	required bool
	attr     bool
	root     string
	header   string // the name of a member that travels in a header, as net/http has it in a map

	idempotent bool // a client invents a value if its caller gives none
}

// planner reads tags into plans. Each service has one planner, so that equal types and patterns are read once.
type planner struct {
	plans    map[reflect.Type]*plan
	patterns map[string]*regexp.Regexp
}

var (
	typeTime  = reflect.TypeFor[time.Time]()
	typeBytes = reflect.TypeFor[[]byte]()
)

// value reads one level of a field's tags. at is "" for the member itself, else "item", "key", "item-item"...
func (p *planner) value(t reflect.Type, tag reflect.StructTag, at string) (v value, options []string, err error) {
	main, prefix := "aws", ""
	if at != "" {
		main, prefix = at, at+"-"
	}
	options = strings.Split(tag.Get(main), ",")
	v.name = options[0]
	options, err = v.options(options[1:])
	if err != nil {
		return v, nil, err
	}
	if text, ok := tag.Lookup(prefix + "enum"); ok {
		v.enum = strings.Split(text, "|")
	}
	if text, ok := tag.Lookup(prefix + "pattern"); ok {
		if v.pattern, err = p.pattern(text); err != nil {
			return v, nil, err
		}
	}
	if t.Kind() == reflect.Pointer {
		v.ptr, t = true, t.Elem()
	}
	err = p.goType(&v, t, tag, prefix)
	return v, options, err
}

// options reads the options that any value may have and returns those that only a member may have.
func (v *value) options(list []string) (rest []string, err error) {
	for _, o := range list {
		name, arg, _ := strings.Cut(o, "=")
		switch name {
		case "flat":
			v.flat = true
		case "sensitive":
			v.sensitive = true
		case "json":
			v.json = true
		case "document":
			v.kind = kindDocument
		case "min":
			v.hasMin = true
			v.min, err = strconv.ParseInt(arg, 10, 64)
		case "max":
			v.hasMax = true
			v.max, err = strconv.ParseInt(arg, 10, 64)
		case "ts":
			v.time = map[string]timeFormat{"unixTimestamp": timeUnix, "iso8601": timeISO, "rfc822": timeHTTP}[arg]
			if v.time == timeDefault {
				err = fmt.Errorf("unknown timestamp format %q", arg)
			}
		case "ns":
			v.ns = arg
		case "nsprefix":
			v.nsPrefix = arg
		default:
			rest = append(rest, o)
		}
		if err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// goType reads what the Go type says: the kind, and the elements of lists, maps and structs.
func (p *planner) goType(v *value, t reflect.Type, tag reflect.StructTag, prefix string) error {
	switch {
	case v.json || v.kind == kindDocument:
		v.kind = kindDocument
		return nil
	case t == typeTime:
		v.kind = kindTime
		return nil
	case t == typeBytes:
		v.kind = kindBlob
		return nil
	}
	switch t.Kind() {
	case reflect.String:
		v.kind = kindString
	case reflect.Int32, reflect.Int64:
		v.kind, v.bits = kindInt, t.Bits()
	case reflect.Float32, reflect.Float64:
		v.kind, v.bits = kindFloat, t.Bits()
	case reflect.Bool:
		v.kind = kindBool
	case reflect.Struct:
		v.kind = kindStruct
		var err error
		v.plan, err = p.plan(t)
		return err
	case reflect.Slice, reflect.Map:
		v.kind = kindList
		elem, _, err := p.value(t.Elem(), tag, prefix+"item")
		if err != nil {
			return err
		}
		v.elem = &elem
		if t.Kind() == reflect.Map {
			v.kind = kindMap
			key, _, err := p.value(t.Key(), tag, prefix+"key")
			v.key = &key
			return err
		}
	case reflect.Interface:
		v.kind = kindStream
	default:
		return fmt.Errorf("no wire form for %v", t)
	}
	return nil
}

// pattern compiles a pattern so that it must match the whole value, as AWS reads it.
func (p *planner) pattern(text string) (*regexp.Regexp, error) {
	if re := p.patterns[text]; re != nil {
		return re, nil
	}
	re, err := regexp.Compile(`\A(?:` + text + `)\z`)
	if err == nil {
		p.patterns[text] = re
	}
	return re, err
}

// original is the pattern as AWS writes it, for messages. It undoes what pattern and the generator changed.
func original(re *regexp.Regexp) string {
	text := strings.TrimSuffix(strings.TrimPrefix(re.String(), `\A(?:`), `)\z`)
	return goEscape.ReplaceAllString(text, `\u$1`)
}

var goEscape = regexp.MustCompile(`\\x\{([0-9A-Fa-f]+)\}`)
