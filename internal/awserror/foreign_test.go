package awserror

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/fault"
)

// foreignFault returns a fault with a store's own error.
func foreignFault(k fault.Kind, n fault.Entity, f fault.Foreign) error {
	e := fault.New(k, n, "our own text").With("BucketName", "lake")
	e.Foreign = &f
	return e.Because(nil)
}

func TestAStoresWordsAreShown(t *testing.T) {
	full := fault.Foreign{Code: "QuotaExceeded", Status: 403, Message: "The quota of lake is used up", RequestID: "tx00-1"}
	got := Of(S3, foreignFault(fault.LimitExceeded, fault.Storage, full))
	words := "The quota of lake is used up"
	want := Error{Code: "QuotaExceeded", Status: 403, Message: words, Text: words,
		Fields: map[string]string{"BucketName": "lake", "UpstreamRequestId": "tx00-1"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	t.Run("without text and id", func(t *testing.T) {
		got := Of(S3, foreignFault(fault.LimitExceeded, fault.Storage, fault.Foreign{Code: "QuotaExceeded", Status: 403}))
		if got.Code != "QuotaExceeded" || got.Message != "our own text" || len(got.Fields) != 1 {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("not in other dialects", func(t *testing.T) {
		for _, d := range []Dialect{STS, IAM, JSON, SSO, OAuth} {
			got := Of(d, foreignFault(fault.LimitExceeded, fault.Storage, full))
			if got.Code == "QuotaExceeded" || strings.Contains(got.Message, "lake") {
				t.Errorf("dialect %d: %+v", d, got)
			}
		}
	})
	t.Run("the fault is left as it is", func(t *testing.T) {
		err := foreignFault(fault.LimitExceeded, fault.Storage, full)
		Of(S3, err)
		if len(fault.Of(err).Fields) != 1 {
			t.Errorf("its fields are %v", fault.Of(err).Fields)
		}
	})
}

// TestAStoreCannotSayEverything checks that our own table words an answer that would otherwise make a client discard
// its credentials, take a failure for a success, or see what only we may see.
func TestAStoreCannotSayEverything(t *testing.T) {
	plain := fault.Foreign{Code: "InvalidAccessKeyId", Status: 403, Message: "The key AKIAUPSTREAM does not exist"}
	with := func(change func(*fault.Foreign)) fault.Foreign {
		f := plain
		change(&f)
		return f
	}
	key := func(change func(*fault.Foreign)) error { return foreignFault(fault.NotFound, fault.Key, with(change)) }
	for what, err := range map[string]error{
		"our own failure":       foreignFault(fault.Internal, "", plain),
		"our credentials":       foreignFault(fault.Unauthenticated, fault.AccessKey, plain),
		"our permissions":       foreignFault(fault.Denied, "", plain),
		"a success":             key(func(f *fault.Foreign) { f.Status = 200 }),
		"a redirection":         key(func(f *fault.Foreign) { f.Status = 307 }),
		"no status":             key(func(f *fault.Foreign) { f.Status = 0 }),
		"a status beyond":       key(func(f *fault.Foreign) { f.Status = 600 }),
		"no code":               key(func(f *fault.Foreign) { f.Code = "" }),
		"a code that is a text": key(func(f *fault.Foreign) { f.Code = "No such key" }),
		"a code in markup":      key(func(f *fault.Foreign) { f.Code = "A</Code>" }),
		"a code of digits":      key(func(f *fault.Foreign) { f.Code = "404" }),
		"a long code":           key(func(f *fault.Foreign) { f.Code = strings.Repeat("A", 65) }),
	} {
		want := Of(S3, &fault.Error{Kind: fault.KindOf(err), Entity: fault.Of(err).Entity})
		got := Of(S3, err)
		if got.Code != want.Code || got.Status != want.Status || strings.Contains(got.Message, "AKIAUPSTREAM") {
			t.Errorf("%s: %+v", what, got)
		}
	}
	text, id := "a\r\nb\x00"+strings.Repeat("é", 2000), strings.Repeat("x", 500)
	long := fault.Foreign{Code: "Odd", Status: 400, Message: text, RequestID: id}
	got := Of(S3, foreignFault(fault.Invalid, fault.Argument, long))
	id = got.Fields["UpstreamRequestId"]
	if !strings.HasPrefix(got.Message, "abé") || len(got.Message) > maxForeignMessage || len(id) > maxForeignID {
		t.Errorf("%d bytes %.10q, id of %d", len(got.Message), got.Message, len(id))
	}
}

// upstreams are the packages that may pass on what a store said: only implementations of upstream.Upstream.
var upstreams = []string{"upstream", "remote"}

// TestOnlyUpstreamsSpeakForStores checks that no other package names the type fault.Foreign, without which nobody can
// make one.
func TestOnlyUpstreamsSpeakForStores(t *testing.T) {
	files := token.NewFileSet()
	read := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		pkg, _, _ := strings.Cut(strings.TrimPrefix(filepath.ToSlash(path), "../"), "/")
		if slices.Contains(upstreams, pkg) || pkg == "fault" {
			return nil
		}
		f, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		read++
		ast.Inspect(f, func(n ast.Node) bool {
			if e, ok := n.(ast.Expr); ok && selector(e) == "Foreign" {
				t.Errorf("%s speaks for a store", files.Position(n.Pos()))
			}
			return true
		})
		return nil
	})
	if err != nil || read < 100 {
		t.Errorf("%d files, %v", read, err)
	}
}
