package docs_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"
)

// maxColumns is how long a line of Markdown may be, in characters.
const maxColumns = 160

// TestPagesLeadSomewhere reads every page of the repository: links inside the repository lead to a file, and to a
// heading of it where they name one, and lines are short enough to be read beside each other.
func TestPagesLeadSomewhere(t *testing.T) {
	root := os.DirFS("../..")
	pages, err := pagesOf(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"README.md", "CHANGELOG.md", "docs/security.md", "docs/directory/okta.md"} {
		if !slices.Contains(pages, page) {
			t.Errorf("%s is not among the pages", page)
		}
	}
	for _, page := range pages {
		for _, fault := range faultsOf(root, page) {
			t.Error(fault)
		}
	}
}

// pagesOf are the pages that people read: those at the root, and all below docs.
func pagesOf(root fs.FS) ([]string, error) {
	pages, err := fs.Glob(root, "*.md")
	if err != nil {
		return nil, err
	}
	err = fs.WalkDir(root, "docs", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(name, ".md") {
			pages = append(pages, name)
		}
		return err
	})
	return pages, err
}

// link is a link in a page's text, [words](target) or [words]: target.
var link = regexp.MustCompile(`\[[^\[\]]*\]\(([^()\s]+)\)|^\[[^\[\]]+\]: (\S+)`)

// codeSpan is code within a line: no link is one there.
var codeSpan = regexp.MustCompile("`[^`]*`")

// faultsOf says what is wrong with a page.
func faultsOf(root fs.FS, page string) (faults []string) {
	text, err := fs.ReadFile(root, page)
	if err != nil {
		return []string{err.Error()}
	}
	for number, line := range prose(string(text)) {
		at := fmt.Sprintf("%s:%d", page, number)
		if n := utf8.RuneCountInString(line); n > maxColumns && !isTable(line) &&
			strings.Contains(strings.TrimSpace(line), " ") {
			faults = append(faults, fmt.Sprintf("%s: %d columns, more than %d", at, n, maxColumns))
		}
		for _, m := range link.FindAllStringSubmatch(codeSpan.ReplaceAllString(line, ""), -1) {
			if problem := missing(root, page, m[1]+m[2]); problem != "" {
				faults = append(faults, at+": "+problem)
			}
		}
	}
	return faults
}

// prose are the lines of a page outside of code blocks, with their numbers. Code is fenced, or indented by four
// columns behind an empty line; what is indented within a list is text.
func prose(text string) func(yield func(int, string) bool) {
	return func(yield func(int, string) bool) {
		fenced, indented, list, empty := false, false, false, true
		for i, line := range strings.Split(text, "\n") {
			bare := strings.TrimSpace(line)
			if strings.HasPrefix(bare, "```") {
				fenced = !fenced
				continue
			}
			if fenced {
				continue
			}
			deep := strings.HasPrefix(line, "    ")
			switch {
			case bare == "":
				empty = true
				continue
			case !deep:
				indented = false
				list = listItem.MatchString(line) || list && strings.HasPrefix(line, " ")
			case empty && !list:
				indented = true
			}
			empty = false
			if !indented && !yield(i+1, line) {
				return
			}
		}
	}
}

var listItem = regexp.MustCompile(`^\s*([-*]|\d+\.) `)

func isTable(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), "|") }

// missing says what a link of a page leads to that is not there; empty: nothing is missing, or the link leads out
// of the repository.
func missing(root fs.FS, page, target string) string {
	if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
		return ""
	}
	file, anchor, _ := strings.Cut(target, "#")
	name := page
	if file != "" {
		name = path.Join(path.Dir(page), file)
	}
	if _, err := fs.Stat(root, name); err != nil {
		return fmt.Sprintf("the link to %s leads to no file", target)
	}
	if anchor == "" {
		return ""
	}
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return fmt.Sprintf("the link to %s names a heading of what is no page", target)
	}
	for _, line := range prose(string(text)) {
		if words := strings.TrimLeft(line, "#"); words != line && anchorOf(words) == anchor {
			return ""
		}
	}
	return fmt.Sprintf("the link to %s leads to no heading", target)
}

// anchorOf is a heading's anchor as GitHub makes it: lower case, letters, digits, - and _ alone, - for spaces.
func anchorOf(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r > 0x7f:
			return r
		}
		return -1
	}, strings.ToLower(strings.TrimSpace(heading)))
}

func TestAPageWithAFaultIsFound(t *testing.T) {
	long := strings.Repeat("word ", 33)
	for _, c := range []struct{ name, text, want string }{
		{"links that lead somewhere",
			"[a](other.md), [b](other.md#what-it-is---and-isnt), [c](#here), [d](../go.mod)\n\n## Here\n", ""},
		{"links out of the repository", "[a](https://example.org/x#y) and <https://example.org>\n", ""},
		{"a link to nothing", "see\n[a](gone.md)\n", "docs/page.md:2: the link to gone.md leads to no file"},
		{"a second link of a line", "[a](other.md) [b](gone.md)\n", "docs/page.md:1: the link to gone.md leads to no file"},
		{"a link to a heading that is none", "[a](other.md#gone)\n",
			"docs/page.md:1: the link to other.md#gone leads to no heading"},
		{"a heading of this page that is none", "[a](#gone)\n", "docs/page.md:1: the link to #gone leads to no heading"},
		{"a reference", "[a]: gone.md\n", "docs/page.md:1: the link to gone.md leads to no file"},
		{"a link in code", "`[a](gone.md)`\n\n```\n[a](gone.md)\n```\n\n    [a](gone.md)\n", ""},
		{"a link in a list's second paragraph", "- a\n\n    [a](gone.md)\n",
			"docs/page.md:3: the link to gone.md leads to no file"},
		{"a link in a table", "| [a](gone.md) |\n", "docs/page.md:1: the link to gone.md leads to no file"},
		{"a long line", long, "docs/page.md:1: 165 columns, more than 160"},
		{"a line of letters with two bytes", strings.Repeat("ü", 159) + " ", ""},
		{"a long table", "| " + long + "|", ""},
		{"a long line of code", "```sh\n" + long + "\n```\n\n    " + long, ""},
		{"a long line after code", "```\ncode\n```\n" + long, "docs/page.md:4: 165 columns, more than 160"},
		{"a long address", "<https://example.org/" + strings.Repeat("x", 200) + ">", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := fstest.MapFS{
				"docs/page.md":  {Data: []byte(c.text)},
				"docs/other.md": {Data: []byte("# What it is, and isn't\n\n## What it is - and isn't\n")},
				"go.mod":        {},
			}
			var want []string
			if c.want != "" {
				want = []string{c.want}
			}
			if got := faultsOf(root, "docs/page.md"); !slices.Equal(got, want) {
				t.Errorf("faults are %q, want %q", got, want)
			}
		})
	}
}
