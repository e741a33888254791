package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// TestWhoseLogACallIsForIsSaidInSight: nobody assigns a call's Target but control.Call's Begin and Address. What finds
// a bucket or an application cannot say in passing whose log a call belongs to.
func TestWhoseLogACallIsForIsSaidInSight(t *testing.T) {
	files := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || path == filepath.Join("control", "begin.go") {
			return err
		}
		f, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			a, ok := n.(*ast.AssignStmt)
			if !ok {
				return true
			}
			for _, to := range a.Lhs {
				s, ok := to.(*ast.SelectorExpr)
				if x, plain := receiver(s); ok && s.Sel.Name == "Target" && plain && strings.HasSuffix(strings.ToLower(x), "call") {
					t.Errorf("%s assigns %s.Target: say Address or RecordFor", files.Position(a.Pos()), x)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// receiver is the last name before a selector's dot.
func receiver(s *ast.SelectorExpr) (string, bool) {
	if s == nil {
		return "", false
	}
	switch x := s.X.(type) {
	case *ast.Ident:
		return x.Name, true
	case *ast.SelectorExpr:
		return x.Sel.Name, true
	}
	return "", false
}
