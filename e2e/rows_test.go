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

// rows is how many numbered cases there are.
const rows = 124

// TestEveryRowHasATest reads the names of all tests: every numbered case of the Access Grants reference is the number
// of some test.
func TestEveryRowHasATest(t *testing.T) {
	covered := map[int]string{}
	for _, root := range []string{".", "../internal"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "node_modules":
				return filepath.SkipDir
			case strings.HasSuffix(path, "_test.go"):
				return numbersIn(path, covered)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for n := 1; n <= rows; n++ {
		if covered[n] == "" {
			t.Errorf("case %03d has no test", n)
		}
	}
}

var (
	caseName    = regexp.MustCompile(`^TestCase(\d{3})_`)
	caseNumbers = regexp.MustCompile(`^(\d{3} )+[a-zA-Z]`)
)

// numbersIn finds the numbers in the names of a file's tests: TestCase061_..., and strings such as "061 063 outside".
func numbersIn(path string, covered map[int]string) error {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		return err
	}
	note := func(text string) {
		n, _ := strconv.Atoi(text) // three digits
		covered[n] = path
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.FuncDecl:
			if m := caseName.FindStringSubmatch(node.Name.Name); m != nil {
				note(m[1])
			}
		case *ast.BasicLit:
			name, err := strconv.Unquote(node.Value)
			if node.Kind != token.STRING || err != nil || !caseNumbers.MatchString(name) {
				break
			}
			for _, word := range strings.Fields(name) {
				if len(word) != 3 || strings.Trim(word, "0123456789") != "" {
					break
				}
				if n, _ := strconv.Atoi(word); n <= rows { // others are statuses
					note(word)
				}
			}
		}
		return true
	})
	return nil
}
