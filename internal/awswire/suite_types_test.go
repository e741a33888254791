package awswire

import (
	"cmp"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxUnroll is the depth to which a recursive shape is followed, because Go cannot make a recursive type at run time.
const maxUnroll = 7

// operation makes an Operation from a case's model, with types made at run time.
func (s suite) operation(c protocolCase) *Operation {
	g := c.Given
	op := &Operation{
		Name:       g.Name,
		Method:     g.HTTP.Method,
		URI:        g.HTTP.URI,
		Status:     g.HTTP.Status,
		OutWrapper: g.Output.Wrapper,
	}
	op.In, op.Out = s.structOf(g.Input.Shape, 0), s.structOf(g.Output.Shape, 0)
	op.InRoot = cmp.Or(g.Input.Name, g.Input.Shape)
	if in := s.Shapes[g.Input.Shape]; in != nil && in.Name != "" {
		op.InRoot = in.Name
	}
	op.OutRoot = g.Output.Shape
	if s.Metadata.Protocol == "query" {
		op.OutRoot = g.Name + "Response"
		if op.OutWrapper == "" && g.Output.Shape != "" {
			op.OutWrapper = g.Name + "Result"
		}
	}
	NewService(&Service{
		Name: "suite", Protocol: protocolNames[s.Metadata.Protocol], APIVersion: s.Metadata.APIVersion,
		TargetPrefix: s.Metadata.TargetPrefix, JSONVersion: s.Metadata.JSONVersion,
	}, op)
	return op
}

func goName(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

func (s suite) structOf(name string, depth int) reflect.Type {
	sh := s.Shapes[name]
	if sh == nil {
		return reflect.TypeFor[struct{}]()
	}
	var fields []reflect.StructField
	for _, m := range slices.Sorted(maps.Keys(sh.Members)) {
		r := sh.Members[m]
		if depth >= maxUnroll && s.Shapes[r.Shape].Type != "string" {
			continue
		}
		typ := s.typeOf(r.Shape, depth+1)
		target := s.Shapes[r.Shape]
		switch {
		case r.Streaming || target.Streaming:
			typ = reflect.TypeFor[io.ReadCloser]()
		case r.JSONValue || target.Document:
			typ = reflect.TypeFor[any]()
		case target.Type != "list" && target.Type != "map" && target.Type != "blob":
			typ = reflect.PointerTo(typ)
		}
		fields = append(fields, reflect.StructField{Name: goName(m), Type: typ, Tag: reflect.StructTag(s.tag(sh, m, r))})
	}
	return reflect.StructOf(fields)
}

func (s suite) typeOf(name string, depth int) reflect.Type {
	sh := s.Shapes[name]
	switch sh.Type {
	case "structure":
		if sh.Document {
			return reflect.TypeFor[any]()
		}
		return s.structOf(name, depth)
	case "list":
		return reflect.SliceOf(s.itemOf(sh.Member.Shape, depth+1))
	case "map":
		return reflect.MapOf(reflect.TypeFor[string](), s.itemOf(sh.Value.Shape, depth+1))
	}
	return map[string]reflect.Type{
		"string": reflect.TypeFor[string](), "integer": reflect.TypeFor[int32](), "long": reflect.TypeFor[int64](),
		"float": reflect.TypeFor[float32](), "double": reflect.TypeFor[float64](), "boolean": reflect.TypeFor[bool](),
		"timestamp": reflect.TypeFor[time.Time](), "blob": reflect.TypeFor[[]byte](),
	}[sh.Type]
}

// itemOf makes scalars pointers, so that sparse lists and maps can contain null.
func (s suite) itemOf(name string, depth int) reflect.Type {
	t := s.typeOf(name, depth)
	if k := t.Kind(); k == reflect.Slice || k == reflect.Map || k == reflect.Interface ||
		k == reflect.Struct && t != typeTime {
		return t
	}
	return reflect.PointerTo(t)
}

func (s suite) tag(parent *shape, name string, r ref) string {
	wire := r.Name
	if wire == "" && r.Location != "headers" {
		wire = name
	}
	opts := []string{wire}
	on := func(ok bool, text string) {
		if ok {
			opts = append(opts, text)
		}
	}
	target := s.Shapes[r.Shape]
	places := map[string]string{
		"uri": "uri", "querystring": "query", "header": "header", "headers": "headers", "statusCode": "status",
	}
	on(places[r.Location] != "", places[r.Location])
	on(parent.Payload == name, "payload")
	on(parent.Payload == name && wire == name && target.Type == "structure", "root="+cmp.Or(target.Name, r.Shape))
	on(r.Attribute, "attr")
	on(r.JSONValue, "json")
	on(r.Idempotency, "idempotent")
	var tags []string
	s.level(&tags, "", opts, r)
	return strings.Join(tags, " ")
}

func (s suite) level(tags *[]string, at string, opts []string, r ref) {
	sh := s.Shapes[r.Shape]
	on := func(ok bool, text string) {
		if ok {
			opts = append(opts, text)
		}
	}
	on(r.Flattened || sh.Flattened, "flat")
	on(sh.Document, "document")
	ts := r.Time
	if ts == "" {
		ts = sh.Time
	}
	on(ts != "", "ts="+ts)
	ns := r.Namespace
	if ns.URI == "" && at != "" || ns.URI == "" && sh.Type == "structure" {
		ns = sh.Namespace
	}
	on(ns.URI != "", "ns="+ns.URI)
	on(ns.Prefix != "", "nsprefix="+ns.Prefix)
	key, prefix := "aws", ""
	if at != "" {
		key, prefix = at, at+"-"
	}
	*tags = append(*tags, key+":"+strconv.Quote(strings.Join(opts, ",")))
	if len(sh.Enum) > 0 {
		*tags = append(*tags, prefix+"enum:"+strconv.Quote(strings.Join(sh.Enum, "|")))
	}
	if sh.Key != nil {
		s.level(tags, prefix+"key", []string{sh.Key.Name}, *sh.Key)
	}
	if item := cmpRef(sh.Member, sh.Value); item != nil {
		s.level(tags, prefix+"item", []string{item.Name}, *item)
	}
}

func cmpRef(a, b *ref) *ref {
	if a != nil {
		return a
	}
	return b
}
