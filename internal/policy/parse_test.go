package policy

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestParseRefuses reads testdata/refused.json: a document, its kind, and words of the expected error.
func TestParseRefuses(t *testing.T) {
	var cases []struct {
		It    string
		Kind  string
		Text  string
		Error []string
	}
	load(t, "testdata/refused.json", &cases)
	kinds := map[string]Kind{"": Identity, "session": Session, "resource": Resource, "trust": Trust}
	for _, c := range cases {
		t.Run(c.It, func(t *testing.T) {
			d, err := Parse(c.Text, kinds[c.Kind])
			if err == nil {
				t.Fatalf("accepted as %s", d)
			}
			for _, want := range c.Error {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error is %q, want %q in it", err, want)
				}
			}
		})
	}
}

// TestPrint reads testdata/print/*.txt: the kind, a policy as it was written, a line "--", and the policy as it is
// printed.
func TestPrint(t *testing.T) {
	files, err := filepath.Glob("testdata/print/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	kinds := map[string]Kind{"identity": Identity, "session": Session, "resource": Resource, "trust": Trust}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			kind, rest, _ := strings.Cut(string(text), "\n")
			in, want, _ := strings.Cut(rest, "\n--\n")
			d := parse(t, kinds[kind], in)
			if got := d.String(); got != strings.TrimSpace(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			again := parse(t, kinds[kind], d.String())
			if again.String() != d.String() {
				t.Errorf("printed again it is\n%s", again)
			}
		})
	}
}

func TestParseRefusesBytesThatAreNoUTF8(t *testing.T) {
	text := "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"arn:aws:s3:::\xff\"}}"
	if d, err := Parse(text, Identity); err == nil || !strings.Contains(err.Error(), "U+FFFD is not allowed") {
		t.Errorf("got %v, %v", d, err)
	}
}

func TestSizeLeavesOutWhiteSpace(t *testing.T) {
	d := parse(t, Identity,
		"{\"Statement\": {\n\t\"Effect\": \"Allow\", \"Action\": \"s3:*\",\r\n \"Resource\": \"arn:aws:s3:::é\"}}")
	compact := []rune(`{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::é"}}`)
	if want := len(compact); d.Size() != want {
		t.Errorf("size %d, want %d", d.Size(), want)
	}
}

func TestPrincipalsAreBoundAndShownAgain(t *testing.T) {
	d := parse(t, Resource, `{"Statement":[
	 {"Effect":"Allow",
	  "Principal":{"AWS":["111122223333","arn:aws:iam::111122223333:user/alice"],"Service":"x.amazonaws.com"},
	  "Action":"s3:*","Resource":"*"},
	 {"Effect":"Deny","NotPrincipal":{"AWS":"arn:aws:iam::111122223333:user/alice"},"Action":"s3:*","Resource":"*"},
	 {"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}]}`)
	want := []string{"arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:user/alice"}
	if got := d.Principals(); !slices.Equal(got, want) {
		t.Errorf("principals %q, want %q", got, want)
	}
	swap := func(from, to string) func(string) string {
		return func(s string) string {
			if s == from {
				return to
			}
			return s
		}
	}
	bound, err := d.RewritePrincipals(swap(want[1], "AIDA1111222233334444A"))
	if err != nil {
		t.Fatal(err)
	}
	if got := bound.Principals(); !slices.Equal(got, []string{want[0], "AIDA1111222233334444A"}) {
		t.Errorf("bound to %q", got)
	}
	if d.Principals()[1] != want[1] {
		t.Error("the original changed")
	}
	back, err := bound.RewritePrincipals(swap("AIDA1111222233334444A", want[1]))
	if err != nil || back.String() != d.String() {
		t.Errorf("back is %s, %v", back, err)
	}
	for _, bad := range []string{"*", "", "alice"} {
		if _, err := d.RewritePrincipals(swap(want[1], bad)); err == nil {
			t.Errorf("a principal became %q", bad)
		}
	}
}

func TestListsOfActionsAndResources(t *testing.T) {
	d := parse(t, Resource, `{"Statement":[
	 {"Effect":"Allow","Principal":"*","Action":["s3:GetObject","s3:Put*"],"Resource":["arn:aws:s3:::b/*"]},
	 {"Effect":"Allow","Principal":"*","NotAction":"s3:GetObject","NotResource":"arn:aws:s3:::c"}]}`)
	if got := d.Actions(); !slices.Equal(got, []string{"s3:GetObject", "s3:Put*"}) {
		t.Errorf("actions %q", got)
	}
	if got := d.Resources(); !slices.Equal(got, []string{"arn:aws:s3:::b/*", "arn:aws:s3:::c"}) {
		t.Errorf("resources %q", got)
	}
}

// FuzzParse: a text that parses prints as valid JSON, which parses to the same document. Decisions never panic.
func FuzzParse(f *testing.F) {
	var refused []struct{ Text string }
	load(f, "testdata/refused.json", &refused)
	for _, c := range refused {
		f.Add(c.Text, uint8(0))
	}
	var c corpus
	load(f, "testdata/decisions.json", &c)
	for _, p := range c.Policies {
		for k := range uint8(4) {
			f.Add(string(p.Document), k)
		}
	}
	var conditions []struct{ If json.RawMessage }
	load(f, "testdata/conditions.json", &conditions)
	for _, c := range conditions {
		f.Add(fmt.Sprintf(`{"Version":"2012-10-17",
			"Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":%s}]}`, c.If), uint8(0))
	}
	f.Fuzz(func(t *testing.T, text string, k uint8) {
		kind := Kind(k % 4)
		d, err := Parse(text, kind)
		if err != nil {
			return
		}
		s := d.String()
		if !json.Valid([]byte(s)) {
			t.Fatalf("printed %s", s)
		}
		again, err := Parse(s, kind)
		if err != nil {
			t.Fatalf("%v: %s", err, s)
		}
		if again.String() != s || again.Size() != sizeOf(s) {
			t.Fatalf("%s became %s", s, again)
		}
		r := Request{
			Principal:       reader,
			Action:          "s3:GetObject",
			Resource:        "arn:aws:s3:::lake/x",
			ResourceAccount: reader.Account,
		}
		r.Context.Set("s3:prefix", "a", "b")
		one, two := []*Document{d}, []*Document{again}
		for _, p := range [][2]Policies{
			{{Identity: one}, {Identity: two}},
			{{Identity: []*Document{allowAll(t)}, Session: one}, {Identity: []*Document{allowAll(t)}, Session: two}},
			{{Resource: one}, {Resource: two}},
		} {
			if a, b := Evaluate(r, p[0]), Evaluate(r, p[1]); a != b {
				t.Fatalf("%s decides %s, printed %s", s, a.Explain(), b.Explain())
			}
		}
	})
}
