package awswire

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// AWS's protocol cases, as botocore carries them. A suite is a small model with cases.
type suite struct {
	Description string `json:"description"`
	Metadata    struct {
		Protocol     string `json:"protocol"`
		APIVersion   string `json:"apiVersion"`
		JSONVersion  string `json:"jsonVersion"`
		TargetPrefix string `json:"targetPrefix"`
	} `json:"metadata"`
	Shapes         map[string]*shape `json:"shapes"`
	Cases          []protocolCase    `json:"cases"`
	ClientEndpoint string            `json:"clientEndpoint"`
}

type shape struct {
	Type      string         `json:"type"`
	Members   map[string]ref `json:"members"`
	Required  []string       `json:"required"`
	Member    *ref           `json:"member"`
	Key       *ref           `json:"key"`
	Value     *ref           `json:"value"`
	Payload   string         `json:"payload"`
	Time      string         `json:"timestampFormat"`
	Enum      []string       `json:"enum"`
	Document  bool           `json:"document"`
	Streaming bool           `json:"streaming"`
	Flattened bool           `json:"flattened"`
	Name      string         `json:"locationName"`
	Namespace xmlns          `json:"xmlNamespace"`
}

type xmlns struct {
	URI    string `json:"uri"`
	Prefix string `json:"prefix"`
}

// UnmarshalJSON takes a namespace as text, too.
func (x *xmlns) UnmarshalJSON(b []byte) error {
	if b[0] == '"' {
		return json.Unmarshal(b, &x.URI)
	}
	type plain xmlns
	return json.Unmarshal(b, (*plain)(x))
}

type ref struct {
	Shape       string `json:"shape"`
	Location    string `json:"location"`
	Name        string `json:"locationName"`
	Wrapper     string `json:"resultWrapper"`
	Flattened   bool   `json:"flattened"`
	Attribute   bool   `json:"xmlAttribute"`
	JSONValue   bool   `json:"jsonvalue"`
	Idempotency bool   `json:"idempotencyToken"`
	Streaming   bool   `json:"streaming"`
	Time        string `json:"timestampFormat"`
	Namespace   xmlns  `json:"xmlNamespace"`
}

type protocolCase struct {
	ID    string `json:"id"`
	Given struct {
		Name string `json:"name"`
		HTTP struct {
			Method string `json:"method"`
			URI    string `json:"requestUri"`
			Status int    `json:"responseCode"`
		} `json:"http"`
		Input    ref `json:"input"`
		Output   ref `json:"output"`
		Endpoint struct {
			HostPrefix string `json:"hostPrefix"`
		} `json:"endpoint"`
	} `json:"given"`
	Params     map[string]any `json:"params"`
	Serialized struct {
		Method  string            `json:"method"`
		URI     string            `json:"uri"`
		Body    *string           `json:"body"`
		Headers map[string]string `json:"headers"`
		Host    string            `json:"host"`
		Forbid  []string          `json:"forbidHeaders"`
		Require []string          `json:"requireHeaders"`
	} `json:"serialized"`
	Result       map[string]any `json:"result"`
	Error        map[string]any `json:"error"`
	ErrorCode    string         `json:"errorCode"`
	ErrorMessage string         `json:"errorMessage"`
	Response     struct {
		Status  int               `json:"status_code"`
		Body    string            `json:"body"`
		Headers map[string]string `json:"headers"`
	} `json:"response"`
}

const vectors = "../../../shared/vectors/aws-protocols"

var protocolNames = map[string]Protocol{"query": Query, "json": JSON, "rest-json": RestJSON, "rest-xml": RestXML}

// readSuites returns the suites of one direction by protocol, or skips the test.
func readSuites(t *testing.T, direction string) map[string][]suite {
	t.Helper()
	all := map[string][]suite{}
	for name := range protocolNames {
		data, err := os.ReadFile(filepath.Join(vectors, direction, name+".json"))
		if os.IsNotExist(err) {
			t.Skipf("AWS's protocol cases are not here: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		var list []suite
		if err := json.Unmarshal(data, &list); err != nil {
			t.Fatal(err)
		}
		all[name] = list
	}
	return all
}

// maxUnroll is how deep a recursive shape is followed: Go can make no recursive type at run time.
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

// itemOf makes scalars pointers, so that sparse lists and maps can hold null.
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

// plain turns a Go value back into the form in which a case states its parameters.
func (s suite) plain(name string, v reflect.Value) any {
	sh := s.Shapes[name]
	v = reflect.Indirect(v)
	switch sh.Type {
	case "structure":
		if sh.Document {
			return v.Interface()
		}
		out := map[string]any{}
		for m, r := range sh.Members {
			f := v.FieldByName(goName(m))
			if !f.IsValid() {
				continue
			}
			if k := f.Kind(); (k == reflect.Pointer || k == reflect.Slice || k == reflect.Map || k == reflect.Interface) &&
				f.IsNil() {
				continue
			}
			switch x := f.Interface().(type) {
			case io.ReadCloser:
				text, _ := io.ReadAll(x)
				if len(text) > 0 {
					out[m] = string(text)
				}
			default:
				if f.Kind() == reflect.Interface {
					out[m] = x
				} else {
					out[m] = s.plain(r.Shape, f)
				}
			}
		}
		return out
	case "list":
		list := []any{}
		for i := range v.Len() {
			if e := v.Index(i); e.Kind() == reflect.Pointer && e.IsNil() {
				list = append(list, nil)
			} else {
				list = append(list, s.plain(sh.Member.Shape, e))
			}
		}
		return list
	case "map":
		out := map[string]any{}
		for it := v.MapRange(); it.Next(); {
			if e := it.Value(); e.Kind() == reflect.Pointer && e.IsNil() {
				out[it.Key().String()] = nil
			} else {
				out[it.Key().String()] = s.plain(sh.Value.Shape, e)
			}
		}
		return out
	case "timestamp":
		return float64(v.Interface().(time.Time).UnixMilli()) / 1000
	case "blob":
		return string(v.Bytes())
	}
	switch v.Kind() {
	case reflect.Int32, reflect.Int64:
		return float64(v.Int())
	case reflect.Float32, reflect.Float64:
		text := string(appendFloat(nil, v.Float(), v.Type().Bits()))
		if f, err := strconv.ParseFloat(text, 64); err == nil && f == f && f-f == 0 {
			return f
		}
		return text
	}
	return v.Interface()
}

// fill is the reverse of plain: it sets v from a case's result.
func (s suite) fill(name string, v reflect.Value, x any) error {
	sh := s.Shapes[name]
	if x == nil {
		return nil
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch {
	case v.Kind() == reflect.Interface:
		if v.Type() == reflect.TypeFor[io.ReadCloser]() {
			v.Set(reflect.ValueOf(io.NopCloser(strings.NewReader(x.(string)))))
			return nil
		}
		v.Set(reflect.ValueOf(x))
		return nil
	case sh.Type == "structure":
		for m, part := range x.(map[string]any) {
			r, ok := sh.Members[m]
			if !ok {
				return fmt.Errorf("%s has no member %s", name, m)
			}
			f := v.FieldByName(goName(m))
			if !f.IsValid() {
				return fmt.Errorf("%s.%s is too deep", name, m)
			}
			if err := s.fill(r.Shape, f, part); err != nil {
				return err
			}
		}
		return nil
	case sh.Type == "list":
		list := reflect.MakeSlice(v.Type(), 0, 0)
		for _, part := range x.([]any) {
			item := reflect.New(v.Type().Elem()).Elem()
			if err := s.fill(sh.Member.Shape, item, part); err != nil {
				return err
			}
			list = reflect.Append(list, item)
		}
		v.Set(list)
		return nil
	case sh.Type == "map":
		v.Set(reflect.MakeMap(v.Type()))
		for k, part := range x.(map[string]any) {
			item := reflect.New(v.Type().Elem()).Elem()
			if err := s.fill(sh.Value.Shape, item, part); err != nil {
				return err
			}
			v.SetMapIndex(reflect.ValueOf(k), item)
		}
		return nil
	case sh.Type == "timestamp":
		v.Set(reflect.ValueOf(time.UnixMilli(int64(x.(float64) * 1000)).UTC()))
		return nil
	case sh.Type == "blob":
		v.SetBytes([]byte(x.(string)))
		return nil
	}
	switch x := x.(type) {
	case string:
		if v.Kind() == reflect.String {
			v.SetString(x)
			return nil
		}
		f, err := parseFloat(x, 64)
		v.SetFloat(f)
		return err
	case bool:
		v.SetBool(x)
	case float64:
		if v.CanInt() {
			v.SetInt(int64(x))
		} else {
			v.SetFloat(x)
		}
	}
	return nil
}
