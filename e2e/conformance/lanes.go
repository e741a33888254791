package main

import (
	"context"
	"fmt"
	"strings"
)

// lane is what `-lane` runs: the tests against one system, or against two that are compared.
type lane struct {
	name    string
	about   string
	systems []namedStarter
}

type namedStarter struct {
	name  string
	start starter
}

// lanesOf are the lanes with a Latchkey binary.
func lanesOf(program string) []lane {
	return []lane{
		{"embedded", "Latchkey with its embedded store", []namedStarter{{"Latchkey", embedded(program)}}},
		{"gateway-versitygw", "versitygw alone / through Latchkey in front of it",
			[]namedStarter{{"versitygw alone", versitygwAlone}, {"through Latchkey", inFrontOfVersitygw(program)}}},
	}
}

func (l lane) results() string     { return l.name + ".results" }
func (l lane) differences() string { return l.name + ".differences" }

// run runs the tests on the lane's systems, one after the other.
func (l lane) run(ctx context.Context, tests []test, workers int) ([]verdict, error) {
	var all []map[string]outcome
	for _, s := range l.systems {
		outcomes, err := runAll(ctx, tests, s.start, workers)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		all = append(all, outcomes)
	}
	verdicts := make([]verdict, len(tests))
	for i, t := range tests {
		verdicts[i] = judge(t, all)
	}
	return verdicts, nil
}

// judge makes a verdict of a test's outcomes. One system must pass; two must agree.
func judge(t test, all []map[string]outcome) verdict {
	v := verdict{test: t}
	if t.nameless {
		v.word = leftOutWord
		return v
	}
	var words []string
	for _, outcomes := range all {
		o := outcomes[t.id()]
		words = append(words, o.word())
		if !o.passed {
			v.message = o.message
		}
	}
	v.word = strings.Join(words, "/")
	if len(words) == 1 {
		v.differs = words[0] != "pass"
	} else {
		v.differs = words[0] != words[1]
	}
	return v
}
