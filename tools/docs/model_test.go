package docs_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	named     = regexp.MustCompile("`(Test[0-9A-Za-z_]+)`")
	invariant = regexp.MustCompile(`(?m)^\| (I[0-9]+) \| .*$`)
	declared  = regexp.MustCompile(`(?m)^func (Test[0-9A-Za-z_]+)\(`)
)

// TestTheSecurityModelNamesTests: each invariant of docs/security-model.md names tests, and they exist.
func TestTheSecurityModelNamesTests(t *testing.T) {
	root := filepath.Join("..", "..")
	page, err := os.ReadFile(filepath.Join(root, "docs", "security-model.md"))
	if err != nil {
		t.Fatal(err)
	}
	tests := declaredTests(t, root)
	for _, name := range named.FindAllStringSubmatch(string(page), -1) {
		if !tests[name[1]] {
			t.Errorf("%s is no test", name[1])
		}
	}
	invariants := invariant.FindAllStringSubmatch(string(page), -1)
	if len(invariants) < 20 {
		t.Fatalf("%d invariants", len(invariants))
	}
	for i, row := range invariants {
		if !named.MatchString(row[0]) || row[1] != fmt.Sprint("I", i+1) {
			t.Errorf("invariant %d: %s", i+1, row[0])
		}
	}
}

// declaredTests are the names of all tests of the repository.
func declaredTests(t *testing.T, root string) map[string]bool {
	t.Helper()
	tests := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "node_modules") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		for _, m := range declared.FindAllStringSubmatch(string(text), -1) {
			tests[m[1]] = true
		}
		return err
	})
	if err != nil || len(tests) < 100 {
		t.Fatalf("%d tests, %v", len(tests), err)
	}
	return tests
}
