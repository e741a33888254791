package control_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/internal/control"
	"latchkey/internal/fault"
)

// Whoever adds a reason for which a session ends, or for which policies refuse, says here which part of the decision it
// is of. The test reads the sources, so it needs no list of its own.
func TestEveryReasonOfTheLeashHasARow(t *testing.T) {
	values := reasonValues(t)
	files, err := filepath.Glob("../caller/*.go")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d sources: %v", len(files), err)
	}
	found := map[fault.Reason]bool{}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := s.X.(*ast.Ident)
			r, known := values[s.Sel.Name]
			if !ok || x.Name != "fault" || !known {
				return true
			}
			found[r] = true
			if part, ok := control.RefusedBy(r); !ok || part == "" {
				t.Errorf("%s: fault.%s has no row in refusedby.go", path, s.Sel.Name)
			}
			return true
		})
	}
	if len(found) < 25 {
		t.Errorf("only %d reasons were found: the walk is broken", len(found))
	}
	if _, ok := control.RefusedBy("no_such_reason"); ok {
		t.Error("what is no reason has a part")
	}
}

// reasonValues are the constants of fault/reason.go by name.
func reasonValues(t *testing.T) map[string]fault.Reason {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "../fault/reason.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]fault.Reason{}
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, spec := range g.Specs {
			v := spec.(*ast.ValueSpec)
			all[v.Names[0].Name] = fault.Reason(strings.Trim(v.Values[0].(*ast.BasicLit).Value, `"`))
		}
	}
	return all
}
