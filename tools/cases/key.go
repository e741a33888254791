package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// key is one page of docs/cases, and how the names of tests carry its numbers.
type key struct {
	page   string // its path from the root of the repository
	prefix string // what stands before the number in a test's name: TestCase012_..., TestAttack07_...
	label  string // what stands before the number on the page: W in W03
	digits int    // of a number
	texts  bool   // names of subtests count, too: "061 063 outside"
}

// keys are all pages.
var keys = []key{
	{page: "docs/cases/access-grants.md", prefix: "TestCase", digits: 3, texts: true},
	{page: "docs/cases/identity.md", prefix: "TestIdentityCase", digits: 3},
	{page: "docs/cases/attacks.md", prefix: "TestAttack", digits: 2},
	{page: "docs/cases/wire.md", prefix: "TestWire", label: "W", digits: 2},
}

// row is one line of a page.
type row struct {
	number string   // with its label: "007", "W03"
	tests  []string // the names in the last column
	reason string   // why no test holds the case, or holds all of it: what stands behind "not yet: "
}

// notYet stands before the reason in the last column.
const notYet = "not yet: "

var testName = regexp.MustCompile("`(Test[A-Za-z0-9_]+)`")

// parse reads one line of a page. It reports false for a line that is no row.
func (k key) parse(line string) (cells []string, r row, ok bool) {
	if !strings.HasPrefix(line, "| ") || !strings.HasSuffix(line, " |") {
		return nil, row{}, false
	}
	cells = strings.Split(strings.TrimSuffix(strings.TrimPrefix(line, "| "), " |"), " | ")
	digits := strings.TrimPrefix(cells[0], k.label)
	if len(cells) != 4 || len(digits) != k.digits || strings.Trim(digits, "0123456789") != "" {
		return nil, row{}, false
	}
	names, reason, _ := strings.Cut(cells[3], notYet)
	r = row{number: cells[0], reason: reason}
	for _, m := range testName.FindAllStringSubmatch(names, -1) {
		r.tests = append(r.tests, m[1])
	}
	return cells, r, true
}

// fill writes the names of the tests into the last column. A reason stays beside tests that were listed before, and is
// removed when the first test appears.
func (k key) fill(page string, tests []test) (string, []row) {
	holders := k.holders(tests)
	var out strings.Builder
	var rows []row
	for line := range strings.Lines(page) {
		cells, r, ok := k.parse(strings.TrimSuffix(line, "\n"))
		if !ok {
			out.WriteString(line)
			continue
		}
		found := holders[r.number]
		if len(r.tests) == 0 && len(found) > 0 {
			r.reason = ""
		}
		r.tests = found
		cells[3] = r.last()
		fmt.Fprintf(&out, "| %s |\n", strings.Join(cells, " | "))
		rows = append(rows, r)
	}
	return out.String(), rows
}

// last is the text of the last column.
func (r row) last() string {
	var parts []string
	for _, name := range r.tests {
		parts = append(parts, "`"+name+"`")
	}
	text := strings.Join(parts, ", ")
	switch {
	case r.reason == "":
		return text
	case text == "":
		return notYet + r.reason
	}
	return text + "; " + notYet + r.reason
}

// check returns one error for each fault of a page with these rows.
func (k key) check(rows []row, tests []test) (faults []error) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if len(rows) == 0 {
		fault("the page has no line")
	}
	holders := k.holders(tests)
	lines, inOrder := map[string]bool{}, true
	for i, r := range rows {
		lines[r.number] = true
		if want := fmt.Sprintf("%s%0*d", k.label, k.digits, i+1); r.number != want && inOrder {
			fault("the line of %s stands where %s should", r.number, want)
			inOrder = false // the lines behind it are all out of place
		}
		if len(r.tests) == 0 && r.reason == "" {
			fault("%s has neither a test nor a reason", r.number)
		}
		for _, name := range r.tests {
			if !slices.Contains(holders[r.number], name) {
				fault("%s names %s, and no test of that name carries the number", r.number, name)
			}
		}
	}
	for _, number := range slices.Sorted(maps.Keys(k.named(tests))) {
		if !lines[number] {
			fault("%s is the number of %s and has no line", number, k.named(tests)[number])
		}
	}
	return faults
}
