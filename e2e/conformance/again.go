package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
)

// maxAgain is how many tests are run a second time. When more came out otherwise than expected, chance is no reason.
const maxAgain = 12

// again runs the tests that came out otherwise than the lane's files say once more, alone, and returns the verdicts
// with theirs. Each is named on the output, so that a test that needs this often is noticed. A test whose outcome
// depends on chance by its nature belongs into a row that is flaky.
func (o options) again(ctx context.Context, l lane, verdicts []verdict) ([]verdict, error) {
	rows, err := readDifferences(filepath.Join(o.folder, l.differences()))
	if err != nil {
		return nil, err
	}
	kept, err := readResults(filepath.Join(o.folder, l.results()))
	if err != nil {
		return nil, err
	}
	expected := map[string]result{}
	for _, r := range kept {
		expected[r.suite+" "+r.name] = r
	}
	var surprising []test
	for _, v := range verdicts {
		r, complaint := resultOf(v, rows)
		if want, known := expected[v.test.id()]; known && (complaint != "" || want != r) {
			fmt.Println("conformance: once more, it came out as", v.word, v.test.id(), v.message)
			surprising = append(surprising, v.test)
		}
	}
	if len(surprising) == 0 || len(surprising) > maxAgain {
		return verdicts, nil
	}
	second, err := l.run(ctx, surprising, 1)
	if err != nil {
		return nil, err
	}
	out := slices.Clone(verdicts)
	for _, v := range second {
		i := slices.IndexFunc(out, func(w verdict) bool { return w.test.id() == v.test.id() })
		out[i] = v
	}
	return out, nil
}
