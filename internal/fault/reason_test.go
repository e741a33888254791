package fault_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"latchkey/internal/fault"
)

var update = flag.Bool("update", false, "write docs/reasons.md")

// reason is a constant of reason.go.
type reason struct{ name, value, meaning string }

// group is a const block of reason.go with the sentence above it.
type group struct {
	title   string
	reasons []reason
}

// reasons are the constants of reason.go, in its order.
func reasons(t *testing.T) []group {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "reason.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var all []group
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		block := group{title: oneLine(g.Doc)}
		for _, spec := range g.Specs {
			v := spec.(*ast.ValueSpec)
			value, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			name := v.Names[0].Name
			meaning, ok := strings.CutPrefix(oneLine(v.Doc), name+": ")
			if !ok || !strings.HasSuffix(meaning, ".") {
				t.Errorf("%s has no sentence that says what it means", name)
			}
			block.reasons = append(block.reasons, reason{name, value, meaning})
		}
		all = append(all, block)
	}
	return all
}

func oneLine(c *ast.CommentGroup) string { return strings.Join(strings.Fields(c.Text()), " ") }

// sources calls do with every Go file of the product, except reason.go and the tests.
func sources(t *testing.T, do func(path string, f *ast.File)) {
	t.Helper()
	for _, root := range []string{"..", "../../cmd"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
				filepath.Base(path) == "reason.go" {
				return err
			}
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err == nil {
				do(path, f)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestEveryReasonIsUsedAndStable(t *testing.T) {
	used := map[string]bool{}
	sources(t, func(_ string, f *ast.File) {
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "fault" {
					used[s.Sel.Name] = true
				}
			}
			return true
		})
	})
	form, names := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`), map[string]string{}
	for _, g := range reasons(t) {
		for _, r := range g.reasons {
			if !used[r.name] {
				t.Errorf("nothing refuses with %s", r.name)
			}
			if !form.MatchString(r.value) {
				t.Errorf("%s is %q, which is not snake_case", r.name, r.value)
			}
			if names[r.value] != "" {
				t.Errorf("%s and %s are both %q", names[r.value], r.name, r.value)
			}
			names[r.value] = r.name
		}
	}
	if len(names) < 100 {
		t.Fatalf("only %d reasons were found: the walk is broken", len(names))
	}
}

// A reason that is written into a text by hand would be missing from the audit log.
func TestNoTextBeginsWithAReasonOfItsOwn(t *testing.T) {
	known := map[string]bool{}
	for _, g := range reasons(t) {
		for _, r := range g.reasons {
			known[r.value] = true
		}
	}
	sources(t, func(path string, f *ast.File) {
		ast.Inspect(f, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, _ := strconv.Unquote(lit.Value)
			if first, _, ok := strings.Cut(text, ":"); ok && known[first] {
				t.Errorf("%s: %q has a reason in its text; use fault.Refuse", path, text)
			}
			return true
		})
	})
}

func TestReasonsAreDocumented(t *testing.T) {
	const path = "../../docs/reasons.md"
	var b strings.Builder
	b.WriteString(`# Reasons

A refusal that somebody may look for in the audit log has a reason. The record has it in ` + "`latchkey.reason`" + `,
beside ` + "`errorCode`" + ` and ` + "`errorMessage`" + `. Some answers have it in front of their text, with a
colon, such as those of OAuth and of the pages where people sign in. The values are stable.
[errors.md](errors.md) says how a reason travels.

This page is made from ` + "`internal/fault/reason.go`" + ` by
` + "`go test ./internal/fault -run Documented -update`" + `.
`)
	for _, g := range reasons(t) {
		fmt.Fprintf(&b, "\n## %s\n\n| reason | what it means |\n|---|---|\n", strings.TrimSuffix(g.title, "."))
		for _, r := range g.reasons {
			fmt.Fprintf(&b, "| `%s` | %s |\n", r.value, r.meaning)
		}
	}
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != b.String() {
		t.Error("docs/reasons.md is not what reason.go says: run go test ./internal/fault -run Documented -update")
	}
}

func TestWhoIsToldAReason(t *testing.T) {
	told := fault.Refuse(fault.Denied, fault.SessionToken, fault.UserDeleted, "%s is deleted", "alice")
	if told.Message() != "user_deleted: alice is deleted" || told.Text.String() != "alice is deleted" ||
		told.About("").Message() != told.Message() || told.Because(os.ErrClosed).Message() != told.Message() {
		t.Errorf("the client is told %q of %+v", told.Message(), told)
	}
	silent := fault.New(fault.Denied, fault.SessionToken, "Access Denied").For(fault.GrantDeleted)
	if silent.Message() != "Access Denied" || silent.Reason != fault.GrantDeleted ||
		told.For(fault.GrantDeleted).Message() != "alice is deleted" {
		t.Errorf("the client is told %q of %+v", silent.Message(), silent)
	}
	if text := silent.Error(); !strings.Contains(text, "grant_deleted") {
		t.Errorf("the log has no reason: %s", text)
	}
	if text := fault.Refuse(fault.Denied, "", fault.UserDeleted, "").Message(); text != "" {
		t.Errorf("%q stands in the way of the table's own text", text)
	}
}
