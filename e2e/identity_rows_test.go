package e2e

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// identityRows is how many numbered cases the reference of the identity side has.
const identityRows = 107

// identityElsewhere are the identity cases that no test carries, and why.
var identityElsewhere = map[int]string{
	91: "sessions of the store's own STS",
	92: "sessions of the store's own STS",
	93: "sessions of the store's own STS",
	94: "sessions of the store's own STS",
	95: "sessions of the store's own STS",
	96: "sessions of the store's own STS",
	97: "sessions of the store's own STS",
}

// TestEveryIdentityRowHasATest reads the names of all tests: every numbered case of the identity side is in the name of
// some test, TestIdentityCase061_..., or in the list above with its reason.
func TestEveryIdentityRowHasATest(t *testing.T) {
	covered := map[int]string{}
	for _, root := range []string{".", "../internal", "../cmd"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "node_modules":
				return filepath.SkipDir
			case strings.HasSuffix(path, "_test.go"):
				return identityNumbersIn(path, covered)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for n := 1; n <= identityRows; n++ {
		switch {
		case covered[n] == "" && identityElsewhere[n] == "":
			t.Errorf("identity case %03d has no test and no reason", n)
		case covered[n] != "" && identityElsewhere[n] != "":
			t.Errorf("identity case %03d has a test in %s, and a reason for none", n, covered[n])
		}
	}
}

var identityName = regexp.MustCompile(`^TestIdentityCase(\d{3})_`)

func identityNumbersIn(path string, covered map[int]string) error {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			if m := identityName.FindStringSubmatch(f.Name.Name); m != nil {
				n, _ := strconv.Atoi(m[1]) // three digits
				covered[n] = path
			}
		}
	}
	return nil
}
