package docs_test

import (
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// maxGoLine is the longest line of Go code, in bytes.
const maxGoLine = 120

// minLiteral is how long a text in quotes must be to excuse its line: a command, a golden document, a pattern.
const minLiteral = 60

// TestGoLinesAreWrapped: lines of Go code have at most 120 columns. A line with a literal that would read worse in
// pieces, and a comment with an address in it, may be longer. Generated files are exempt.
func TestGoLinesAreWrapped(t *testing.T) {
	root := filepath.Join("..", "..")
	seen := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "node_modules") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil || strings.HasPrefix(string(text), "// Code generated ") {
			return err
		}
		seen++
		for _, line := range longLines(text) {
			t.Errorf("%s:%d: more than %d columns", path, line, maxGoLine)
		}
		return nil
	})
	if err != nil || seen < 100 {
		t.Fatalf("%d files, %v", seen, err)
	}
}

func TestLongLinesAreFound(t *testing.T) {
	wide := strings.Repeat("x", maxGoLine)
	for name, c := range map[string]struct {
		text string
		want int
	}{
		"code":                      {"package p\n\nvar " + wide + " = 1\n", 1},
		"a comment":                 {"package p\n\n// " + wide + "\n", 1},
		"a comment with an address": {"package p\n\n// see https://example.org/" + wide + "\n", 0},
		"a literal":                 {"package p\n\nvar v = \"" + wide + "\"\n", 0},
		"a line of a raw literal":   {"package p\n\nvar v = `\n" + wide + "\n`\n", 0},
		"short":                     {"package p\n", 0},
	} {
		if got := longLines([]byte(c.text)); len(got) != c.want {
			t.Errorf("%s: lines %v", name, got)
		}
	}
}

// longLines are the numbers of the lines that are too long and have no excuse.
func longLines(text []byte) (found []int) {
	long := map[int]bool{}
	for i, line := range strings.Split(string(text), "\n") {
		if len(line) > maxGoLine {
			long[i+1] = true
		}
	}
	if len(long) == 0 {
		return nil
	}
	files := token.NewFileSet()
	file := files.AddFile("", files.Base(), len(text))
	var s scanner.Scanner
	s.Init(file, text, nil, scanner.ScanComments)
	for {
		pos, kind, literal := s.Scan()
		if kind == token.EOF {
			break
		}
		excused := kind == token.STRING && len(literal) >= minLiteral ||
			kind == token.COMMENT && strings.Contains(literal, "://")
		if !excused {
			continue
		}
		first := file.Line(pos)
		for i := range strings.Count(literal, "\n") + 1 {
			delete(long, first+i)
		}
	}
	for n := 1; len(found) < len(long); n++ {
		if long[n] {
			found = append(found, n)
		}
	}
	return found
}
