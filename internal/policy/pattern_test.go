package policy

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func globOf(t interface{ Fatalf(string, ...any) }, pattern string) glob {
	p, err := cut(pattern, false, true)
	if err != nil {
		t.Fatalf("cut %q: %v", pattern, err)
	}
	return p.glob()
}

// oracle is the same pattern as a regular expression, which Go matches in linear time.
func oracle(pattern string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	for _, r := range pattern {
		switch r {
		case '*':
			b.WriteString(".*")
		case '?':
			b.WriteString(".")
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	return regexp.MustCompile(b.String() + `\z`)
}

func TestGlobAgreesWithRegexp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab:é*?]{0,12}`).Draw(t, "pattern")
		text := rapid.StringMatching(`[ab:é世]{0,16}`).Draw(t, "text")
		g := globOf(t, pattern)
		if got, want := g.match(text, new(Meter)), oracle(pattern).MatchString(text); got != want {
			t.Fatalf("%q matches %q: %v, want %v", pattern, text, got, want)
		}
	})
}

func TestARNPatternsAgreeWithRegexpPartByPart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`([ab*?]{0,3}:){5}[ab:*?]{0,6}`).Draw(t, "pattern")
		text := rapid.StringMatching(`([ab]{0,3}:){4,6}[ab:]{0,6}`).Draw(t, "text")
		p, err := cut(pattern, false, true)
		if err != nil {
			t.Fatal(err)
		}
		parts, ok := p.splitARN()
		if !ok {
			t.Fatalf("%q has no six parts", pattern)
		}
		m := newMatcher(parts[:]...)
		got, _ := m.match(text, &evaluation{meter: new(Meter)})
		want := true
		have := strings.SplitN(text, ":", 6)
		for i, part := range strings.SplitN(pattern, ":", 6) {
			want = want && len(have) == 6 && oracle(part).MatchString(have[i])
		}
		if got != want {
			t.Fatalf("%q matches %q: %v, want %v", pattern, text, got, want)
		}
	})
}

func FuzzGlob(f *testing.F) {
	for _, s := range [][2]string{
		{"a*b?c", "axxbyc"}, {"**", ""}, {"?", "世"}, {"*?", "\xff"}, {"", ""}, {"a*a*a*a", "aaaa"}, {"*.?*", "a.é"},
	} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		pattern, text = strings.ToValidUTF8(pattern, "x"), strings.ToValidUTF8(text, "x")
		if len(pattern) > 500 {
			return
		}
		g := globOf(t, pattern)
		if got, want := g.match(text, new(Meter)), oracle(pattern).MatchString(text); got != want {
			t.Fatalf("%q matches %q: %v, want %v", pattern, text, got, want)
		}
	})
}

// TestAttack40_LongPatternsDoNotBacktrack matches what would take a backtracking matcher longer than anybody
// would wait: the test simply ends.
func TestAttack40_LongPatternsDoNotBacktrack(t *testing.T) {
	key := strings.Repeat("a", 1024)
	for name, pattern := range map[string]string{
		"stars":                strings.Repeat("a*", 3000) + "b",
		"stars and characters": strings.Repeat("*a?", 2000) + "b",
		"question marks":       "*" + strings.Repeat("?a", 400) + "b",
		"only stars":           strings.Repeat("*", 6000) + "b",
	} {
		t.Run("no match for "+name, func(t *testing.T) {
			g := globOf(t, pattern)
			for range 200 {
				if g.match(key, new(Meter)) {
					t.Fatal("it matches")
				}
			}
		})
	}
	g := globOf(t, strings.Repeat("a*", 500)+"a")
	if !g.match(key, new(Meter)) {
		t.Error("the honest pattern does not match")
	}
}

func TestEscapeLiteralIsTakenLiterally(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a${}*?,' ]{0,10}`).Draw(t, "text")
		other := rapid.StringMatching(`[a${}*?,' ]{0,10}`).Draw(t, "other")
		p, err := cut(EscapeLiteral(text), true, true)
		if err != nil {
			t.Fatalf("%q: %v", EscapeLiteral(text), err)
		}
		g := p.glob()
		if !g.match(text, new(Meter)) {
			t.Fatalf("%q does not match itself", text)
		}
		if other != text && g.match(other, new(Meter)) {
			t.Fatalf("%q matches %q", text, other)
		}
	})
}
