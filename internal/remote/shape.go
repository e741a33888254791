package remote

import (
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
	"latchkey/internal/fault"
)

// shape is what must be known of an operation to send it: where in its input and its output are the members that need
// care. It is read from the types once, so that no operation needs code of its own.
type shape struct {
	op      *awswire.Operation
	members []placed // of the input: those with a treatment of their own
	enums   []enum   // of the input

	bucket, key, source, encoding, md5, algorithm, nameEncoding int // fields of the input; -1: it has none

	out output
}

// placed is a member of an input that is not sent as it is.
type placed struct {
	member
	index int
	name  string
}

// enum is a member of an input that has a list of values. A store might pass over another value.
type enum struct {
	index  int
	name   string
	values []string
}

// output is where in an operation's output are the members that need care.
type output struct {
	stream    int   // the field with the streamed body; -1: none
	length    int   // Content-Length
	span      int   // Content-Range
	buckets   []int // names of the addressed bucket
	location  int   // of the object, or of the bucket
	foreign   []int // facts about the store's own names and accounts
	encoding  int   // EncodingType
	names     []int // texts that EncodingType is about
	inLists   []listed
	hasOwners bool
}

// listed is a list of structs in an output with members that need care.
type listed struct {
	index            int
	names            []int // texts that EncodingType is about
	owner, initiator int   // -1: none
}

// shape returns what is known of an operation, or nil if it is not one of S3's.
func (s *Store) shape(op *awswire.Operation) *shape {
	if have, ok := s.shapes.Load(op); ok {
		return have.(*shape)
	}
	if op == nil || op.Service != s3.Service || s3.Service.Operation(op.Name) != op {
		return nil
	}
	made, _ := s.shapes.LoadOrStore(op, newShape(op))
	return made.(*shape)
}

func newShape(op *awswire.Operation) *shape {
	sh := &shape{op: op, bucket: -1, key: -1, source: -1, encoding: -1, md5: -1, algorithm: -1, nameEncoding: -1}
	for i := range op.In.NumField() {
		name := wireName(op.In.Field(i))
		if m, ok := members[name]; ok {
			sh.members = append(sh.members, placed{m, i, name})
		}
		if values, ok := op.In.Field(i).Tag.Lookup("enum"); ok {
			sh.enums = append(sh.enums, enum{i, name, strings.Split(values, "|")})
		}
		switch name {
		case "Bucket":
			sh.bucket = i
		case "Key":
			sh.key = i
		case "x-amz-copy-source":
			sh.source = i
		case "Content-Encoding":
			sh.encoding = i
		case "Content-MD5":
			sh.md5 = i
		case "x-amz-sdk-checksum-algorithm":
			sh.algorithm = i
		case "encoding-type":
			sh.nameEncoding = i
		}
	}
	sh.out = newOutput(op.Out)
	return sh
}

// wireName is the name of a member on the wire.
func wireName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("aws"), ",")
	return name
}

// encodedNames are the members that encoding-type is about (S3 API reference, ListObjects, ListObjectsV2,
// ListMultipartUploads, ListObjectVersions).
var encodedNames = []string{"Key", "Prefix", "Delimiter", "Marker", "NextMarker", "KeyMarker", "NextKeyMarker",
	"StartAfter"}

func newOutput(t reflect.Type) output {
	o := output{stream: -1, length: -1, span: -1, location: -1, encoding: -1}
	for i := range t.NumField() {
		f := t.Field(i)
		name := wireName(f)
		switch name {
		case "Content-Length":
			o.length = i
		case "Content-Range":
			o.span = i
		case "Bucket", "Name":
			o.buckets = append(o.buckets, i)
		case "Location":
			o.location = i
		case "x-amz-bucket-arn", "x-amz-bucket-region", "x-amz-request-charged":
			o.foreign = append(o.foreign, i)
		case "EncodingType":
			o.encoding = i
		}
		switch {
		case f.Type == reflect.TypeFor[io.ReadCloser]():
			o.stream = i
		case slices.Contains(encodedNames, name):
			o.names = append(o.names, i)
		case f.Type == reflect.TypeFor[*s3.Owner](), f.Type == reflect.TypeFor[*s3.Initiator]():
			o.hasOwners = true
		case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct:
			o.list(i, f.Type.Elem())
		}
	}
	return o
}

func (o *output) list(index int, element reflect.Type) {
	l := listed{index: index, owner: -1, initiator: -1}
	for i := range element.NumField() {
		switch f := element.Field(i); {
		case f.Type == reflect.TypeFor[*s3.Owner]():
			l.owner, o.hasOwners = i, true
		case f.Type == reflect.TypeFor[*s3.Initiator]():
			l.initiator, o.hasOwners = i, true
		case slices.Contains(encodedNames, wireName(f)) && f.Type == reflect.TypeFor[*string]():
			l.names = append(l.names, i)
		}
	}
	if l.owner >= 0 || l.initiator >= 0 || len(l.names) > 0 {
		o.inLists = append(o.inLists, l)
	}
}

// reads reports whether the operation changes nothing (RFC 9110, 9.2.1).
func (sh *shape) reads() bool {
	return sh.op.Method == http.MethodGet || sh.op.Method == http.MethodHead
}

// accept refuses an input that is not the operation's.
func (sh *shape) accept(in any) error {
	v := reflect.ValueOf(in)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Type().Elem() != sh.op.In {
		return fault.New(fault.Internal, "", "").Because(fmt.Errorf("%s is called with a %T", sh.op.Name, in))
	}
	return nil
}

// text is a text member of an input or an output; empty if there is none.
func text(x reflect.Value, index int) string {
	if index < 0 {
		return ""
	}
	if p, ok := x.Field(index).Interface().(*string); ok && p != nil {
		return *p
	}
	return ""
}

func setText(x reflect.Value, index int, to string) { x.Field(index).Set(reflect.ValueOf(&to)) }
