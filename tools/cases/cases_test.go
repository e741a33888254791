package main

import (
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// pageHolds checks the page with this index in keys against the tests of the repository.
func pageHolds(t *testing.T, i int) {
	t.Helper()
	source := os.DirFS("../..")
	tests, err := findTests(source)
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../" + keys[i].page)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range keys[i].check(keys[i].rows(string(page)), tests) {
		t.Errorf("%s: %v; `go generate ./tools/cases` writes the names of tests", keys[i].page, fault)
	}
}

// TestEveryRowHasATest reads the names of all tests: every numbered case of Access Grants is the number of some
// test, or says why not.
func TestEveryRowHasATest(t *testing.T) { pageHolds(t, 0) }

// TestEveryIdentityRowHasATest is the same for the cases of people, groups, roles and sessions.
func TestEveryIdentityRowHasATest(t *testing.T) { pageHolds(t, 1) }

// TestEveryAttackHasATest is the same for the groups of attacks.
func TestEveryAttackHasATest(t *testing.T) { pageHolds(t, 2) }

// TestEverySmallInputHasATest is the same for small inputs on the wire.
func TestEverySmallInputHasATest(t *testing.T) { pageHolds(t, 3) }

const header = "# Cases\n\n| # | asked | must come out | tests |\n|---|---|---|---|\n"

var sources = fstest.MapFS{
	"internal/a/a_test.go": {Data: []byte(`package a
func TestAttack01_First(t *testing.T) { t.Run("001 002 of other lists", nil) }
func TestAttack02_03_Both(t *testing.T) {}
func TestAttack03_Again(t *testing.T) {}
func TestAttack1_TooShort(t *testing.T) {}
func TestAttackWithoutNumber(t *testing.T) {}
`)},
	"internal/a/a.go":                        {Data: []byte("package a\nfunc TestAttack09_NoTestFile() {}\n")},
	"e2e/js/node_modules/x/x_test.go":        {Data: []byte("no Go at all")},
	"e2e/b_test.go":                          {Data: []byte("package b\nvar text = \"001 outside\"\n")},
	"bench/c_test.go":                        {Data: []byte("package c\n")},
	"cmd/d_test.go":                          {Data: []byte("package d\n")},
	"tools/cases/an_example_of_this_test.go": {Data: []byte("package main\nfunc TestAttack77_Example() {}\n")},
}

func TestAPageThatIsNotTrueIsRefused(t *testing.T) {
	attacks := key{page: "attacks.md", prefix: "TestAttack", digits: 2}
	tests, err := findTests(sources)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, page, want string }{
		{"true", "| 01 | a | b | `TestAttack01_First` |\n| 02 | a | b | `TestAttack02_03_Both` |\n" +
			"| 03 | a | b | `TestAttack02_03_Both`, `TestAttack03_Again` |\n| 04 | a | b | not yet: no need |\n", ""},
		{"a test that came since is not listed yet", "| 01 | a | b | not yet: later |\n| 02 | a | b | not yet: later |\n" +
			"| 03 | a | b | `TestAttack03_Again`; not yet: the rest |\n", ""},
		{"no line at all", "", "the page has no line"},
		{"a number without a line", "| 01 | a | b | not yet: later |\n| 02 | a | b | not yet: later |\n",
			"03 is the number of TestAttack03_Again and has no line"},
		{"a line left out", "| 01 | a | b | not yet: later |\n| 03 | a | b | not yet: later |\n",
			"the line of 03 stands where 02 should"},
		{"a test that does not exist", "| 01 | a | b | `TestAttack01_Gone` |\n",
			"01 names TestAttack01_Gone, and no test of that name carries the number"},
		{"a test of another number", "| 01 | a | b | `TestAttack03_Again` |\n",
			"01 names TestAttack03_Again, and no test of that name carries the number"},
		{"neither test nor reason", "| 01 | a | b |  |\n", "01 has neither a test nor a reason"},
		{"words that are no test", "| 01 | a | b | tested by hand |\n", "01 has neither a test nor a reason"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, fault := range attacks.check(attacks.rows(header+c.page), tests) {
				got = append(got, fault.Error())
			}
			switch {
			case c.want == "" && got != nil:
				t.Errorf("refused: %q", got)
			case c.want != "" && !slices.Contains(got, c.want):
				t.Errorf("faults are %q, want %q among them", got, c.want)
			}
		})
	}
}

func TestTheLastColumnIsWritten(t *testing.T) {
	attacks := key{page: "attacks.md", prefix: "TestAttack", digits: 2}
	tests, err := findTests(sources)
	if err != nil {
		t.Fatal(err)
	}
	page := header +
		"| 01 | what | comes out | not yet: later |\n" +
		"| 02 | what | comes out | `TestAttack02_OldName` |\n" +
		"| 03 | what | comes out | `TestAttack03_Again`; not yet: the rest |\n" +
		"| 04 | what | comes out | not yet: later |\n"
	want := header +
		"| 01 | what | comes out | `TestAttack01_First` |\n" +
		"| 02 | what | comes out | `TestAttack02_03_Both` |\n" +
		"| 03 | what | comes out | `TestAttack02_03_Both`, `TestAttack03_Again`; not yet: the rest |\n" +
		"| 04 | what | comes out | not yet: later |\n"
	if got, _ := attacks.fill(page, tests); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestNumbersInNamesOfSubtests(t *testing.T) {
	cases := key{prefix: "TestCase", digits: 3, texts: true}
	tests, err := testsIn("x_test.go", []byte(`package x
func TestScopes(t *testing.T) {
	t.Run("061 063 outside", nil)
	table := []string{"400 tokens", "067 3 more", "12 months", "0123 digits"}
}
`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for n := range cases.holders(tests) {
		got = append(got, n)
	}
	slices.Sort(got)
	if want := "061 063 400"; strings.Join(got, " ") != want {
		t.Errorf("numbers are %q, want %q", got, want)
	}
	wire := key{prefix: "TestWire", label: "W", digits: 2}
	if got := wire.inName("TestWire03_PlusIsASpace"); !slices.Equal(got, []string{"W03"}) {
		t.Errorf("numbers are %q, want W03", got)
	}
}

// rows reads a page.
func (k key) rows(page string) (rows []row) {
	for line := range strings.Lines(page) {
		if _, r, ok := k.parse(strings.TrimSuffix(line, "\n")); ok {
			rows = append(rows, r)
		}
	}
	return rows
}
