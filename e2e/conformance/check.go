package main

import (
	"fmt"
	"slices"
)

// check compares what came out with what the lane's files say, and returns every complaint. The files are wrong in
// either direction: a test that fails without being expected to, and one that passes without being expected to.
func check(verdicts []verdict, kept []result, rows []*row) (complaints []string) {
	expected := map[string]result{}
	for _, r := range kept {
		expected[r.suite+" "+r.name] = r
	}
	var got []result
	for _, v := range verdicts {
		r, complaint := resultOf(v, rows)
		got = append(got, r)
		if complaint != "" {
			complaints = append(complaints, complaint)
		}
		want, known := expected[v.test.id()]
		switch {
		case !known:
			complaints = append(complaints, v.test.id()+": not in the results, came out as "+v.word)
		case want != r && complaint == "":
			complaints = append(complaints, fmt.Sprintf("%s: %s was expected, came out %s: %s", v.test.id(), want, r, v.message))
		}
		delete(expected, v.test.id())
	}
	for _, r := range kept {
		if _, left := expected[r.suite+" "+r.name]; left {
			complaints = append(complaints, r.String()+": the suite has no such test any more")
		}
	}
	return append(complaints, idle(rows, got)...)
}

// idle returns the rows, and the patterns of rows, that explain nothing any more.
func idle(rows []*row, got []result) (complaints []string) {
	for _, r := range rows {
		for _, pattern := range r.tests {
			if !slices.ContainsFunc(got, func(g result) bool { return g.row == r.name && matched(pattern, g.name) }) {
				complaints = append(complaints, fmt.Sprintf("row %s: no test %s has this reason any more", r.name, pattern))
			}
		}
	}
	return complaints
}
