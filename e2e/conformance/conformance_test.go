package main

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const source = `package integration
func TestAll(ts *TestState) {
	TestOne(ts)
	if !ts.conf.azureTests && (ts.conf.versioningEnabled || !ts.conf.sidecarTests) {
		ts.Run(Second)
	}
	if ts.conf.versioningEnabled {
		ts.Run(Versions)
	}
}
func TestOne(ts *TestState) { ts.Run(First); ts.Sync(Third); ts.Run(First) }
`

func TestASuiteIsReadFromItsSource(t *testing.T) {
	read := func(text string) ([]string, error) {
		file, err := parser.ParseFile(token.NewFileSet(), "x.go", text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		tests, err := testsOf(file, []suite{{name: "all", entry: "TestAll"}})
		var names []string
		for _, test := range tests {
			names = append(names, test.name)
		}
		return names, err
	}
	names, err := read(source)
	if want := []string{"First", "Third", "Second"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("read %v, %v; want %v", names, err, want)
	}
	for what, text := range map[string]string{
		"a condition that is new":  strings.Replace(source, "azureTests", "moonPhase", 1),
		"a group that is gone":     strings.Replace(source, "func TestOne", "func TestTwo", 1),
		"a call of another kind":   strings.Replace(source, "ts.Run(Versions)", "ts.Later(Versions, 1)", 1) + "\n",
		"a suite without any test": "package integration\nfunc TestAll(ts *TestState) {}\n",
	} {
		if what == "a call of another kind" {
			text = strings.Replace(text, "if ts.conf.versioningEnabled {", "if !ts.conf.versioningEnabled {", 1)
		}
		if names, err := read(text); err == nil {
			t.Errorf("%s: read %v", what, names)
		}
	}
}

// The lane fails when its files are wrong, in either direction.
func TestALaneComplains(t *testing.T) {
	file := filepath.Join(t.TempDir(), "differences")
	if err := os.WriteFile(file, []byte("unserved: PutThing\n\nrow: odd\nwhy: it is\ntests: Odd_*\nseen: odd answer\n\n"+
		"row: chance\nwhy: names are random\ntests: Dice\nflaky: yes\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	rows, err := readDifferences(file)
	if err != nil {
		t.Fatal(err)
	}
	s := suite{name: "s"}
	v := func(name string, passed bool, message string) verdict {
		return judge(test{suite: s, name: name}, []map[string]outcome{{"s " + name: {passed, message}}})
	}
	good := []verdict{v("Fine", true, ""), v("PutThing_ok", false, "api error NotImplemented"),
		v("Odd_one", false, "an odd answer"), v("Dice", true, "")}
	kept := []result{{"s", "Fine", "pass", ""}, {"s", "PutThing_ok", "fail", "unserved-PutThing"},
		{"s", "Odd_one", "fail", "odd"}, {"s", "Dice", flakyWord, "chance"}}
	change := func(i int, with verdict) []verdict {
		changed := slices.Clone(good)
		changed[i] = with
		return changed
	}
	if c := check(good, kept, rows); len(c) > 0 {
		t.Errorf("as kept: %v", c)
	}
	if c := check(change(3, v("Dice", false, "six")), kept, rows); len(c) > 0 {
		t.Errorf("a flaky test failed: %v", c)
	}
	for what, verdicts := range map[string][]verdict{
		"a test fails that passed":        change(0, v("Fine", false, "boom")),
		"a test passes that failed":       change(2, v("Odd_one", true, "")),
		"a test fails for another reason": change(2, v("Odd_one", false, "a plain answer")),
		"a test is new":                   append(slices.Clone(good), v("New", true, "")),
		"a test is gone":                  good[1:],
	} {
		if len(check(verdicts, kept, rows)) == 0 {
			t.Errorf("%s, and nobody complains", what)
		}
	}
	if c := check(good, kept, append(rows, &row{name: "old", why: "x", tests: []string{"Gone_*"}})); len(c) == 0 {
		t.Error("a row explains nothing, and nobody complains")
	}
}

func TestTwoSystemsMustAgree(t *testing.T) {
	a := test{suite: suite{name: "s"}, name: "A"}
	for _, c := range []struct {
		alone, through bool
		word           string
		differs        bool
	}{{true, true, "pass/pass", false}, {false, false, "fail/fail", false}, {true, false, "pass/fail", true},
		{false, true, "fail/pass", true}} {
		v := judge(a, []map[string]outcome{{a.id(): {passed: c.alone}}, {a.id(): {passed: c.through}}})
		if v.word != c.word || v.differs != c.differs {
			t.Errorf("%+v: %s, %t", c, v.word, v.differs)
		}
	}
}

func TestAFailureSaysWhatDoesNotVary(t *testing.T) {
	said := "\x1b[36mRUN  \x1b[0mA_b\n\x1b[31mFAIL \x1b[0mA_b: operation error S3: PutObject, https response error " +
		"StatusCode: 501, RequestID: 4ce1786e-94ae, HostID: latchkey, api error NotImplemented: no\n" +
		"A_b: failed to delete the bucket: x2026/11/30 20:42:02 A_b: operation error S3"
	want := "operation error S3: PutObject, https response error StatusCode: 501, api error NotImplemented: no"
	if got := failure("A_b", said); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// The page is what the lanes' files say: `go run ./conformance -page -folder conformance` writes it.
func TestThePageIsUpToDate(t *testing.T) {
	want, err := page(".")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(pageFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/conformance.md is out of date: go run ./conformance -page -folder conformance")
	}
}
