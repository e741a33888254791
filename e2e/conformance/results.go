package main

import (
	"fmt"
	"os"
	"strings"
)

// verdict is what came out of a test on all systems of a lane.
type verdict struct {
	test    test
	word    string // pass, fail; for two systems pass/fail and so on
	differs bool   // it needs a row
	message string // what the row must explain
}

// result is a line of a lane's file of results.
type result struct {
	suite, name, word, row string
}

func (r result) String() string {
	return strings.TrimSpace(strings.Join([]string{r.suite, r.name, r.word, r.row}, " "))
}

const (
	flakyWord   = "flaky"    // the test sometimes fails
	leftOutWord = "left-out" // the binary cannot run the test alone
)

// resultOf finds the row of a verdict. complaint is not empty if there is none.
func resultOf(v verdict, rows []*row) (r result, complaint string) {
	r = result{suite: v.test.suite.name, name: v.test.name, word: v.word}
	if flaky := flakyFor(rows, v.test.name); flaky != nil {
		r.word, r.row = flakyWord, flaky.name
		return r, ""
	}
	if !v.differs {
		return r, ""
	}
	reason := reasonFor(rows, v.test.name, v.message)
	if reason == nil {
		return r, fmt.Sprintf("%s: %s, and no row says why: %s", v.test.id(), v.word, v.message)
	}
	r.row = reason.name
	return r, ""
}

// readResults reads a lane's file of results.
func readResults(file string) ([]result, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var all []result
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0 || fields[0] == "#":
		case len(fields) == 3:
			all = append(all, result{fields[0], fields[1], fields[2], ""})
		case len(fields) == 4:
			all = append(all, result{fields[0], fields[1], fields[2], fields[3]})
		default:
			return nil, fmt.Errorf("%s: a line that is not understood: %s", file, line)
		}
	}
	return all, nil
}

// writeResults writes a lane's file of results.
func writeResults(file, about string, all []result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n# Written with -update; read the difference before you commit it.\n", about)
	for _, r := range all {
		fmt.Fprintln(&b, r)
	}
	return os.WriteFile(file, []byte(b.String()), 0o644)
}
