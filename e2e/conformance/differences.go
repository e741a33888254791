package main

import (
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
)

// row is a reason for which tests fail.
type row struct {
	name  string
	why   string
	tests []string       // patterns of path.Match, against a test's name
	seen  *regexp.Regexp // what the test's name and its failure must say; nil: anything
	flaky bool           // these tests sometimes fail: what comes out of them does not count
}

// matches says whether a failure has this row's reason.
func (r *row) matches(name, message string) bool {
	return r.names(name) && (r.seen == nil || r.seen.MatchString(name+" "+message))
}

func (r *row) names(name string) bool {
	return slices.ContainsFunc(r.tests, func(pattern string) bool { return matched(pattern, name) })
}

func matched(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

// readDifferences reads the rows of a file. A row is lines `field: text`; an empty line ends it. A field may stand
// several times: `tests` adds patterns, `why` and `seen` go on. The line `unserved: OPERATION` is a whole row.
func readDifferences(file string) ([]*row, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var rows []*row
	var current *row
	seen := ""
	finish := func() (err error) {
		if current == nil {
			return nil
		}
		if current.name == "" || current.why == "" || len(current.tests) == 0 {
			return fmt.Errorf("%s: row %q lacks row, why or tests", file, current.name)
		}
		if seen != "" {
			if current.seen, err = regexp.Compile(seen); err != nil {
				return fmt.Errorf("%s: row %q: %w", file, current.name, err)
			}
		}
		rows, current, seen = append(rows, current), nil, ""
		return nil
	}
	for line := range strings.Lines(string(text) + "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			if err := finish(); err != nil {
				return nil, err
			}
			continue
		}
		if current == nil && !strings.HasPrefix(line, "unserved: ") {
			current = &row{}
		}
		field, value, _ := strings.Cut(line, ": ")
		switch field {
		case "unserved":
			if err := finish(); err != nil {
				return nil, err
			}
			rows = append(rows, unserved(value))
		case "row":
			current.name = value
		case "why":
			current.why = strings.TrimSpace(current.why + " " + value)
		case "tests":
			current.tests = append(current.tests, strings.Fields(value)...)
		case "seen":
			seen += value
		case "flaky":
			current.flaky = value == "yes"
		default:
			return nil, fmt.Errorf("%s: a line that is not understood: %s", file, line)
		}
	}
	return rows, nil
}

// reasonFor is the first row that explains a failure.
func reasonFor(rows []*row, name, message string) *row {
	for _, r := range rows {
		if !r.flaky && r.matches(name, message) {
			return r
		}
	}
	return nil
}

// flakyFor is the row that says that a test is flaky.
func flakyFor(rows []*row, name string) *row {
	for _, r := range rows {
		if r.flaky && r.names(name) {
			return r
		}
	}
	return nil
}

// unserved is the row of an operation that is not served yet: a test fails because the operation answers
// NotImplemented, or because a test of this operation gets that answer in place of another refusal.
func unserved(operation string) *row {
	return &row{
		name: "unserved-" + operation, why: operation + " is not served yet", tests: []string{"*"},
		seen: regexp.MustCompile("(^" + operation + "_| S3: " + operation + ", ).*(NotImplemented|got 501)"),
	}
}
