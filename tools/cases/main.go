// Command cases keeps the key to the numbers in test names: the pages in docs/cases, one line for each numbered
// case, attack group and small input. The first three columns of a page are written by hand. The command writes
// the last one, the names of the tests that hold the case, from the sources of the tests.
//
// The tests of this package are what guards the pages: a number in a test name needs a line, a line needs a test
// or a reason, and a test that a line names must exist.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

//go:generate go run .

func main() {
	if err := run("../.."); err != nil {
		fmt.Fprintln(os.Stderr, "cases:", err)
		os.Exit(1)
	}
}

// run writes the last column of every page below root. It fails, and leaves the page as it is, where a page
// would still be wrong afterwards.
func run(root string) error {
	source := os.DirFS(root)
	tests, err := findTests(source)
	if err != nil {
		return err
	}
	var all error
	for _, k := range keys {
		page, err := fs.ReadFile(source, k.page)
		if err != nil {
			return err
		}
		text, rows := k.fill(string(page), tests)
		if err := errors.Join(k.check(rows, tests)...); err != nil {
			all = errors.Join(all, fmt.Errorf("%s: %w", k.page, err))
			continue
		}
		if err := os.WriteFile(filepath.Join(root, k.page), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return all
}
