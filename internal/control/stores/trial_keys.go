package stores

import (
	"bytes"
	"context"
	"fmt"
	"strings"
)

// folds are pairs of keys that a store which maps keys to paths takes for one.
var folds = []struct{ written, same, what string }{
	{"f/a/../b", "f/b", "a/../b is b"},
	{"f//c", "f/c", "a//b is a/b"},
	{"f/./d", "f/d", "a/./b is a/b"},
	{"f/e/", "f/e", "a/ is a"},
	{"f/CASE", "f/case", "capital letters are small ones"},
	{"f/g", "f/g.", "a dot at the end is left out"},
	{"f/h", "f/h ", "a blank at the end is left out"},
	{"f/\u00e9", "f/e\u0301", "composed characters are decomposed ones"},
}

// keys finds out whether the store keeps keys as they are, and compares that with the configuration.
func (t *trial) keys(ctx context.Context) (Outcome, string) {
	var folded, refused []string
	for _, f := range folds {
		if err := t.put(ctx, t.prefix+f.written, f.written, nil); err != nil {
			refused = append(refused, fmt.Sprintf("%q", f.written))
			continue
		}
		_, found, err := t.get(ctx, t.prefix+f.same)
		if err != nil {
			return Failed, err.Error()
		}
		if found {
			folded = append(folded, f.what)
		}
		if text, found, err := t.get(ctx, t.prefix+f.written); err != nil || !found || text != f.written {
			refused = append(refused, fmt.Sprintf("%q is not read back", f.written))
		}
	}
	// An object and one below it are two objects where keys are flat, and a file that is a folder elsewhere.
	if err := t.put(ctx, t.prefix+"f/i", "i", nil); err != nil {
		refused = append(refused, `"f/i"`)
	} else if err := t.put(ctx, t.prefix+"f/i/j", "j", nil); err != nil {
		refused = append(refused, "an object below an object")
	}
	if err := t.put(ctx, t.prefix+strings.Repeat("n", 256), "n", nil); err != nil {
		refused = append(refused, "a segment of 256 bytes")
	}
	flat := len(folded) == 0 && len(refused) == 0
	var text bytes.Buffer
	switch {
	case flat:
		text.WriteString("flat: keys are kept as they are")
	default:
		text.WriteString("not flat")
	}
	if len(folded) > 0 {
		text.WriteString("; " + strings.Join(folded, ", "))
	}
	if len(refused) > 0 {
		text.WriteString("; refused: " + strings.Join(refused, ", "))
	}
	switch {
	case !flat && t.member.Flat:
		return Failed, text.String() + ". The configuration says flat: true, so that scopes can be left: set flat: false"
	case flat && !t.member.Flat:
		return Found, text.String() + ". flat: true in the configuration would let clients use all of them"
	}
	return Passed, text.String()
}
