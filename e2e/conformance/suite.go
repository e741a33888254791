package main

import (
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"latchkey/e2e/stores"
)

// suite is a named group of versitygw's tests.
type suite struct {
	name  string
	entry string // the function of versitygw that calls its tests
	iam   bool   // the tests need an IAM API of AWS's
	// iamAlone says that the tests ask nothing but IAM and STS.
	iamAlone bool
}

// suites are the suites that the lanes run.
var suites = []suite{
	{"full-flow", "TestFullFlow", false, false},
	{"s3-iam", "TestS3IAMAccessControl", true, false},
	{"iam", "TestIAM", true, true},
}

// test is a test of a suite.
type test struct {
	suite suite
	name  string
	// nameless says that the binary has no command for this test alone, so that it is left out.
	nameless bool
}

func (t test) id() string { return t.suite.name + " " + t.name }

// conditions are the settings of versitygw's suites. The tests are those that run without flags.
var conditions = map[string]bool{
	"azureTests": false, "versioningEnabled": false, "windowsTests": false, "sidecarTests": false,
}

// readSuites reads which tests the suites have from versitygw's source, which the Go command keeps.
func readSuites(ctx context.Context) ([]test, error) {
	out, err := exec.CommandContext(ctx, "go", "mod", "download", "-json",
		"github.com/versity/versitygw@"+stores.VersitygwVersion).Output()
	if err != nil {
		return nil, fmt.Errorf("versitygw's source: %w", err)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		return nil, err
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(module.Dir, "tests", "integration", "group-tests.go"),
		nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	tests, err := testsOf(file, suites)
	if err != nil {
		return nil, err
	}
	return tests, markNameless(ctx, tests)
}

// markNameless finds out which tests the binary cannot run alone.
func markNameless(ctx context.Context, tests []test) error {
	program, err := stores.VersitygwProgram()
	if err != nil {
		return err
	}
	help, err := exec.CommandContext(ctx, program, "test", "--help").Output()
	if err != nil {
		return fmt.Errorf("versitygw test --help: %w", err)
	}
	commands := strings.Fields(string(help))
	slices.Sort(commands)
	for i := range tests {
		_, found := slices.BinarySearch(commands, tests[i].name)
		tests[i].nameless = !found
	}
	return nil
}

// testsOf returns the tests that the suites' functions call, in their order. A test that a suite calls twice is one.
func testsOf(file *ast.File, suites []suite) ([]test, error) {
	groups := map[string]*ast.FuncDecl{}
	for _, decl := range file.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok {
			groups[fn.Name.Name] = fn
		}
	}
	var tests []test
	for _, s := range suites {
		names, err := called(groups, s.entry, nil)
		if err != nil {
			return nil, err
		}
		if len(names) == 0 {
			return nil, fmt.Errorf("%s calls no test", s.entry)
		}
		seen := map[string]bool{}
		for _, name := range names {
			if !seen[name] {
				tests = append(tests, test{suite: s, name: name})
			}
			seen[name] = true
		}
	}
	return tests, nil
}

// called returns the tests that a group calls itself and through other groups.
func called(groups map[string]*ast.FuncDecl, entry string, above []string) ([]string, error) {
	fn := groups[entry]
	if fn == nil || slices.Contains(above, entry) {
		return nil, fmt.Errorf("versitygw's source has no group %s, or one that calls itself", entry)
	}
	return inBlock(groups, fn.Body, append(above, entry))
}

func inBlock(groups map[string]*ast.FuncDecl, block *ast.BlockStmt, above []string) (names []string, err error) {
	for _, stmt := range block.List {
		var more []string
		switch s := stmt.(type) {
		case *ast.IfStmt:
			holds, known := evaluate(s.Cond)
			switch {
			case !known || s.Else != nil || s.Init != nil:
				return nil, fmt.Errorf("%s has a condition that is not understood", above[len(above)-1])
			case holds:
				more, err = inBlock(groups, s.Body, above)
			}
		case *ast.ExprStmt:
			more, err = inCall(groups, s.X, above)
		default:
			err = fmt.Errorf("%s has a statement that is not understood", above[len(above)-1])
		}
		if err != nil {
			return nil, err
		}
		names = append(names, more...)
	}
	return names, nil
}

// inCall reads ts.Run(Test), ts.Sync(Test) and TestGroup(ts).
func inCall(groups map[string]*ast.FuncDecl, x ast.Expr, above []string) ([]string, error) {
	if call, ok := x.(*ast.CallExpr); ok && len(call.Args) == 1 {
		arg, isName := call.Args[0].(*ast.Ident)
		switch fun := call.Fun.(type) {
		case *ast.Ident:
			return called(groups, fun.Name, above)
		case *ast.SelectorExpr:
			if isName && (fun.Sel.Name == "Run" || fun.Sel.Name == "Sync") {
				return []string{arg.Name}, nil
			}
		}
	}
	return nil, fmt.Errorf("%s has a call that is not understood", above[len(above)-1])
}

// evaluate decides a condition on the suites' settings.
func evaluate(x ast.Expr) (holds, known bool) {
	switch x := x.(type) {
	case *ast.ParenExpr:
		return evaluate(x.X)
	case *ast.SelectorExpr:
		holds, known = conditions[x.Sel.Name]
		return holds, known
	case *ast.UnaryExpr:
		holds, known = evaluate(x.X)
		return !holds, known && x.Op == token.NOT
	case *ast.BinaryExpr:
		l, lk := evaluate(x.X)
		r, rk := evaluate(x.Y)
		switch x.Op {
		case token.LAND:
			return l && r, lk && rk
		case token.LOR:
			return l || r, lk && rk
		}
	}
	return false, false
}
