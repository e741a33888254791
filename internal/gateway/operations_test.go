package gateway

import (
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/fault"
	"latchkey/internal/front"
	"latchkey/internal/upstream"
)

// TestEveryOperationHasARow checks that each operation has a row or is in a list of those that are not served, and that
// none is in two lists.
func TestEveryOperationHasARow(t *testing.T) {
	unserved := slices.Clone(notImplemented)
	for _, names := range refusedByPolicy {
		unserved = append(unserved, names...)
	}
	if n := len(slices.Compact(slices.Sorted(slices.Values(unserved)))); n != len(unserved) {
		t.Errorf("an operation is in two lists of those that are not served")
	}
	for _, op := range s3.Service.Operations {
		has := operations[op] != nil
		if has == slices.Contains(unserved, op.Name) {
			t.Errorf("%s: has a row is %v, and is said to be not served is the same", op.Name, has)
		}
	}
	rows := 0
	for _, family := range [][]*operation{objectOperations, uploadOperations, listOperations, bucketOperations} {
		rows += len(family)
	}
	if rows != len(operations) {
		t.Errorf("%d rows for %d operations: one has two", rows, len(operations))
	}
}

// TestRowsAreWhole checks that every row has what the gateway and the documentation need.
func TestRowsAreWhole(t *testing.T) {
	for op, o := range operations {
		d := o.describe()
		if d.Audit == "" || d.Answerer == "" || d.Vended == "" || len(d.Actions) == 0 ||
			o.budget.Bytes <= 0 || o.budget.Elements <= 0 || o.budget.Time <= 0 {
			t.Errorf("%s: %+v", op.Name, d)
		}
		if got := op.Method == "GET" || op.Method == "HEAD"; got != o.readOnly {
			t.Errorf("%s by %s: read only is %v", op.Name, op.Method, o.readOnly)
		}
		in := reflect.New(op.In)
		if f := in.Elem().FieldByName("Body"); op.Streams() {
			f.Set(reflect.ValueOf(stub{}))
			if o.unstream(in.Interface()); !f.IsNil() {
				t.Errorf("%s: its stream stays in the input", op.Name)
			}
		}
	}
}

type stub struct{}

func (stub) Read([]byte) (int, error) { return 0, nil }
func (stub) Close() error             { return nil }

// keyMembers are the members of inputs that an upstream turns into keys, by their names on the wire.
var keyMembers = []string{"Key", "prefix", "marker", "start-after", "key-marker", "x-amz-copy-source"}

// TestNoKeyEscapesItsRow sets each member of each input that is a key, a prefix or a marker to a text that stores with
// paths would fold: the row must know the member, by a permission or among its names.
func TestNoKeyEscapesItsRow(t *testing.T) {
	found := 0
	for op, o := range operations {
		if o.permissions == nil || o.answerer == byRegistry {
			continue // DeleteObjects authorises each key; the registry has no keys
		}
		for i := range op.In.NumField() {
			name, _, _ := strings.Cut(op.In.Field(i).Tag.Get("aws"), ",")
			if !slices.Contains(keyMembers, name) {
				continue
			}
			found++
			in := reflect.New(op.In)
			if f := in.Elem().FieldByName("CopySource"); f.IsValid() {
				f.Set(reflect.ValueOf(new("lake/k")))
			}
			in.Elem().Field(i).Set(reflect.ValueOf(new("lake/a/../k")))
			needed, err := o.permissions(in.Interface())
			if err != nil {
				t.Errorf("%s with %s: %v", op.Name, name, err)
			}
			names := o.names(in.Interface())
			for i := range needed {
				names = append(names, &needed[i].key)
			}
			if checkPrefixes(upstream.Traits{}, names...) == nil {
				t.Errorf("%s: its member %s may be folded", op.Name, name)
			}
		}
	}
	if found < 15 {
		t.Errorf("only %d members are keys: the walk is broken", found)
	}
}

// TestNoActionBesideTheRow checks that no call asks for a permission that its row does not declare.
func TestNoActionBesideTheRow(t *testing.T) {
	o := operations[s3.GetObject.Operation]
	if err := o.checkDeclared([]permission{{action: "s3:GetObject"}, {action: "s3:GetObjectVersion"}}); err != nil {
		t.Error(err)
	}
	if err := o.checkDeclared([]permission{{action: "s3:GetObject"}, {action: "s3:PutObject"}}); err == nil {
		t.Error("an action that the row does not have was asked for")
	}
	asks := row(s3.GetObject, spec[s3.GetObjectRequest]{
		plane: data, answerer: byUpstream, actions: []declaredAction{always("s3:GetObject")},
		permissions: func(in *s3.GetObjectRequest) ([]permission, error) {
			return one("s3:PutObject", in.Bucket, in.Key, nil), nil
		},
	})
	q := &request{row: asks}
	if err := new(Gateway).permit(q, &s3.GetObjectRequest{Key: new("k")}); err == nil {
		t.Error("permit let it through")
	}
	if err := new(Gateway).authoriseAll(q, []permission{{action: "s3:PutObject", key: "k"}}); err == nil {
		t.Error("authoriseAll let it through")
	}
}

// TestWithoutARowNothingIsServed takes an operation's row away.
func TestWithoutARowNothingIsServed(t *testing.T) {
	op := s3.GetObject.Operation
	row := operations[op]
	delete(operations, op)
	defer func() { operations[op] = row }()
	q := &request{Request: httptest.NewRequest("GET", "/lake/k", nil), Exchange: &front.Exchange{}}
	if _, err := new(Gateway).recognise(q); !fault.Is(err, fault.Unsupported, fault.Operation) {
		t.Errorf("it is recognised: %v", err)
	}
}
