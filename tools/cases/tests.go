package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// test is a test function, and what it may carry numbers in.
type test struct {
	name  string
	texts []string // the strings in it that begin with numbers
}

// roots are the folders in which tests carry numbers.
var roots = []string{"internal", "cmd", "e2e", "bench"}

// findTests reads all test files. It ignores strings that stand outside of test functions, such as those of a table in
// a variable.
func findTests(source fs.FS) (tests []test, err error) {
	for _, root := range roots {
		err := fs.WalkDir(source, root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "node_modules":
				return fs.SkipDir
			case d.IsDir() || !strings.HasSuffix(path, "_test.go"):
				return nil
			}
			text, err := fs.ReadFile(source, path)
			if err != nil {
				return err
			}
			found, err := testsIn(path, text)
			tests = append(tests, found...)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return tests, nil
}

func testsIn(path string, text []byte) (tests []test, err error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, text, 0)
	if err != nil {
		return nil, err
	}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Test") {
			continue
		}
		t := test{name: f.Name.Name}
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil && numberedText.MatchString(s) {
					t.texts = append(t.texts, s)
				}
			}
			return true
		})
		tests = append(tests, t)
	}
	return tests, nil
}

// numberedText is the name of a subtest with its numbers, such as "061 063 outside".
var numberedText = regexp.MustCompile(`^(\d{3} )+[a-zA-Z]`)

// named are the numbers in the names of test functions, each with one function that has it.
func (k key) named(tests []test) map[string]string {
	numbers := map[string]string{}
	for _, t := range tests {
		for _, n := range k.inName(t.name) {
			numbers[n] = t.name
		}
	}
	return numbers
}

// holders are the names of the test functions that carry each number, in their names or in those of subtests.
func (k key) holders(tests []test) map[string][]string {
	holders := map[string][]string{}
	for _, t := range tests {
		numbers := k.inName(t.name)
		if k.texts {
			for _, text := range t.texts {
				numbers = append(numbers, inText(text)...)
			}
		}
		for _, n := range numbers {
			holders[n] = append(holders[n], t.name)
		}
	}
	for n, names := range holders {
		slices.Sort(names)
		holders[n] = slices.Compact(names)
	}
	return holders
}

// inName returns the numbers at the beginning of a test's name: TestCase103_104_DataOfAnotherAccount has two.
func (k key) inName(name string) (numbers []string) {
	rest, ok := strings.CutPrefix(name, k.prefix)
	for ok {
		var word string
		word, rest, ok = strings.Cut(rest, "_")
		if len(word) != k.digits || strings.Trim(word, "0123456789") != "" {
			break
		}
		numbers = append(numbers, k.label+word)
	}
	return numbers
}

// inText returns the numbers at the beginning of a subtest's name.
func inText(text string) (numbers []string) {
	for word := range strings.FieldsSeq(text) {
		if len(word) != 3 || strings.Trim(word, "0123456789") != "" {
			break
		}
		numbers = append(numbers, word)
	}
	return numbers
}
