package e2e

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// reference is a list of numbered cases, each of which some test carries.
type reference struct {
	cases     int
	name      *regexp.Regexp // of a test that carries a case; its first group is the number
	text      *regexp.Regexp // of a string with numbers at its beginning, such as "061 063 outside"; nil: strings do not count
	elsewhere map[int]string // the cases that no test carries, and why
}

// TestEveryRowHasATest reads the names of all tests: every numbered case of the Access Grants reference is the number
// of some test.
func TestEveryRowHasATest(t *testing.T) {
	reference{cases: 124, name: regexp.MustCompile(`^TestCase(\d{3})_`), text: regexp.MustCompile(`^(\d{3} )+[a-zA-Z]`)}.check(t)
}

// The same for the identity side, whose cases are in the names of tests alone.
func TestEveryIdentityRowHasATest(t *testing.T) {
	const ofTheStore = "vending through the store's own STS is not served"
	reference{cases: 107, name: regexp.MustCompile(`^TestIdentityCase(\d{3})_`), elsewhere: map[int]string{
		91: ofTheStore, 92: ofTheStore, 93: ofTheStore, 94: ofTheStore, 95: ofTheStore, 96: ofTheStore, 97: ofTheStore,
	}}.check(t)
}

func (r reference) check(t *testing.T) {
	t.Helper()
	covered := map[int]string{}
	for _, root := range []string{".", "../internal", "../cmd"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "node_modules":
				return filepath.SkipDir
			case strings.HasSuffix(path, "_test.go"):
				return r.numbersIn(path, covered)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for n := 1; n <= r.cases; n++ {
		switch {
		case covered[n] == "" && r.elsewhere[n] == "":
			t.Errorf("case %03d has no test and no reason", n)
		case covered[n] != "" && r.elsewhere[n] != "":
			t.Errorf("case %03d has a test in %s, and a reason for none", n, covered[n])
		}
	}
}

// numbersIn finds the numbers in the names of a file's tests.
func (r reference) numbersIn(path string, covered map[int]string) error {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		return err
	}
	note := func(text string) {
		if n, _ := strconv.Atoi(text); n <= r.cases { // three digits; others are statuses
			covered[n] = path
		}
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.FuncDecl:
			if m := r.name.FindStringSubmatch(node.Name.Name); m != nil {
				note(m[1])
			}
		case *ast.BasicLit:
			name, err := strconv.Unquote(node.Value)
			if node.Kind != token.STRING || err != nil || r.text == nil || !r.text.MatchString(name) {
				break
			}
			for _, word := range strings.Fields(name) {
				if len(word) != 3 || strings.Trim(word, "0123456789") != "" {
					break
				}
				note(word)
			}
		}
		return true
	})
	return nil
}
