package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"latchkey/internal/policy"
)

// conditionKey is what a condition key looks like where code names one.
var conditionKey = regexp.MustCompile(`^(aws|s3|sts|iam|sso|identitystore|identitycenter):[A-Za-z][A-Za-z0-9/:-]*$`)

// setters are the functions and methods that put values into a condition context. A string in a call of one of them
// that looks like a condition key is one.
var setters = map[string]bool{"Set": true, "set": true, "Values": true, "Tagged": true}

// keysInCode are the condition keys that the code sets, each with the file that does. The keys that package policy
// derives from the principal are checked there.
func keysInCode(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	note := func(file string) func(ast.Node) bool {
		return func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil && conditionKey.MatchString(text) {
					found[text] = file
				}
			}
			return true
		}
	}
	err := fs.WalkDir(os.DirFS("."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") ||
			strings.HasPrefix(path, "awsapi") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if setters[called(n)] {
					for _, a := range n.Args {
						ast.Inspect(a, note(path))
					}
				}
			case *ast.ValueSpec: // names of keys that are used more than once
				if strings.HasPrefix(path, "control") {
					ast.Inspect(n, note(path))
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func called(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// isAction tells the name of an action from that of a key. Both stand in constants.
func isAction(name string) bool {
	_, after, _ := strings.Cut(name, ":")
	for _, verb := range []string{
		"Get", "List", "Put", "Delete", "Create", "Assume", "Tag", "Untag", "Set", "Describe", "Update", "Pass", "account:",
		"Associate", "Dissociate",
	} {
		if strings.HasPrefix(after, verb) {
			return true
		}
	}
	return false
}

// derived are the keys that package policy makes from the principal, see its Values.
const derived = "aws:principalarn aws:principalaccount aws:principaltype aws:userid aws:username " +
	"aws:principalisawsservice aws:principalservicename aws:principalservicenameslist aws:federatedprovider " +
	"aws:resourceaccount aws:viaawsservice aws:viaawsmcpservice"

// TestAttack46_TheRegistryIsTrue: every key that the code sets is in the registry as one that can be present, and every
// key that the registry calls present is set somewhere.
func TestAttack46_TheRegistryIsTrue(t *testing.T) {
	set := map[string]bool{}
	for _, k := range strings.Fields(derived) {
		set[k] = true
	}
	for key, file := range keysInCode(t) {
		// The operation completes a key that ends in a slash or a hyphen.
		probe := key
		if strings.HasSuffix(key, "/") {
			probe += "x"
		}
		row, ok := policy.KeyNamed(probe)
		switch {
		case strings.HasSuffix(key, "-"):
			for _, k := range policy.ConditionKeys() {
				if strings.HasPrefix(k.Name, key) {
					set[strings.ToLower(k.Name)] = true
				}
			}
		case !ok && isAction(key):
		case !ok || row.Presence == policy.Never:
			t.Errorf("%s sets %s, which the registry calls %s (known: %t)", file, key, row.Presence, ok)
		default:
			set[strings.ToLower(row.Name)] = true
		}
	}
	for _, k := range policy.ConditionKeys() {
		if k.Presence != policy.Never && !set[strings.ToLower(k.Name)] {
			t.Errorf("the registry says that %s is present (%s), and nothing sets it", k.Name, k.Meaning)
		}
	}
}
