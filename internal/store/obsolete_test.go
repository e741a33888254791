package store

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
)

// Every table of this package whose entities expire is in the list of tables that are cleaned up.
func TestEverythingThatExpiresIsCleanedUp(t *testing.T) {
	var expires []string
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			s, ok := spec.Type.(*ast.StructType)
			if ok && slices.ContainsFunc(s.Fields.List, func(f *ast.Field) bool {
				named := slices.ContainsFunc(f.Names, func(i *ast.Ident) bool { return strings.HasPrefix(i.Name, "Expire") })
				_, function := f.Type.(*ast.FuncType)
				return named && !function
			}) {
				expires = append(expires, spec.Name.Name)
			}
			return true
		})
	}
	var cleaned []string
	for _, table := range ExpiringTables() {
		_, of, _ := strings.Cut(strings.TrimSuffix(fmt.Sprintf("%T", table), "]"), "store.Table[latchkey/internal/store.")
		cleaned = append(cleaned, of)
	}
	slices.Sort(expires)
	slices.Sort(cleaned)
	if len(expires) == 0 || !slices.Equal(expires, cleaned) {
		t.Errorf("%v expire, %v are cleaned up", expires, cleaned)
	}
}
