package probe

import (
	"context"

	"latchkey/internal/access"
)

// nameChecks are keys outside whose names have characters that mean something in a policy. The store compares them with
// the policy's pattern; none of them may turn the comparison round.
var nameChecks = []entry{
	{"name-star", all(reads("*"), reads("team*/x"))},
	{"name-question-mark", reads("team?/x")},
	{"name-dollar", all(reads("$"), reads("${aws:username}/x"))},
	{"list-name-star", lists("*")},
}

func all(checks ...func(*lab, context.Context) error) func(*lab, context.Context) error {
	return func(l *lab, ctx context.Context) error {
		for _, run := range checks {
			if err := run(l, ctx); err != nil {
				return err
			}
		}
		return nil
	}
}

// escapePrefix begins the names of the checks that a session can be fenced in a prefix with *, ? or $ in its name.
const escapePrefix = "fence-"

// escapeChecks are such prefixes: an object inside must be readable, those outside must not be.
var escapeChecks = []struct {
	name, prefix, inside string
	outside              []string
}{
	{"star", "s*r/", "s*r/in", []string{"sxr/out"}},
	{"question-mark", "q?m/", "q?m/in", []string{"qxm/out"}},
	{"dollar", "d${x}r/", "d${x}r/in", []string{"dr/out", "d${*}r/out"}},
}

// escapes runs the checks of escapes. A store that fails one of them may still vend: such prefixes are then refused.
func (l *lab) escapes(ctx context.Context) {
	for _, e := range escapeChecks {
		name := escapePrefix + e.name
		if !l.Store.Dialect.Escapes() {
			l.skip(name, "the dialect has no escapes: prefixes with *, ? or $ are refused", true)
			continue
		}
		l.check(ctx, name, func(ctx context.Context) error {
			s, err := l.session(ctx, e.prefix, access.Read, true)
			if err != nil {
				return err
			}
			got, err := s.get(ctx, l.base+e.inside)
			if err != nil {
				return wrongf("the store does not read escapes: prefixes with *, ? or $ are refused: %s", textOf(err))
			}
			if got != l.content(l.base+e.inside) {
				return wrongf("the session reads another object than %s", e.inside)
			}
			for _, key := range e.outside {
				_, err := s.get(ctx, l.base+key)
				if err := refused("read "+key, err); err != nil {
					return err
				}
			}
			return nil
		})
		l.report.Checks[len(l.report.Checks)-1].Optional = true
	}
}
