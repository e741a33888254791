package policy

import (
	_ "embed"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/condition-keys.md")

//go:embed testdata/condition-keys.md
var conditionKeysIntroduction string

const conditionKeysPage = "../../docs/condition-keys.md"

// TestConditionKeysAreDocumented holds docs/condition-keys.md to the registry.
func TestConditionKeysAreDocumented(t *testing.T) {
	var b strings.Builder
	b.WriteString(conditionKeysIntroduction)
	for line := range strings.Lines(keyTable) {
		line = strings.TrimSpace(line)
		title, comment := strings.CutPrefix(line, "# ")
		switch f := strings.Split(line, " | "); {
		case len(f) == 4:
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f[0], f[1], f[2], f[3])
		case comment && b.Len() > 0 && isTitle(title):
			fmt.Fprintf(&b, "\n## %s\n\n| key | type | present | value, or why there is none |\n|---|---|---|---|\n", title)
		}
	}
	if *update {
		if err := os.WriteFile(conditionKeysPage, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(conditionKeysPage)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != b.String() {
		t.Error("docs/condition-keys.md is not what the registry says: run go test ./internal/policy -run Documented -update")
	}
}

// isTitle reports whether a comment of the table is the title of a group: one that a row follows.
func isTitle(title string) bool {
	_, after, _ := strings.Cut(keyTable, "# "+title+"\n")
	return after != "" && after[0] != '#'
}
