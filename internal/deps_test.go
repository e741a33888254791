package internal_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// floors is the layout of the house: a package imports only packages of lower floors. The longest entry that
// is a prefix of a package's path counts. Keep it equal to the table in docs/ARCHITECTURE.md.
var floors = map[string]int{
	"internal/budget":    0,
	"internal/fault":     0,
	"internal/access":    0,
	"internal/directory": 0,
	"internal/policy":    0,
	"internal/audit":     1,

	"internal/iam":        1,
	"internal/bucket":     1,
	"internal/sso":        1,
	"internal/credential": 1,
	"internal/sigv4":      1,
	"internal/oidc":       1,
	"internal/awswire":    1,
	"internal/awserror":   1,
	"internal/ldap":       1,

	"internal/awsapi": 2,
	"internal/store":  2,

	"internal/events":    2,
	"internal/telemetry": 4,

	"internal/upstream":  3,
	"internal/upstreams": 5,
	"internal/broker":    3,
	"internal/probe":     4,

	"internal/engine":  3,
	"internal/caller":  4,
	"internal/control": 5,

	"internal/sightings": 5,

	"internal/control/grants":               7,
	"internal/control/ldapsync":             7,
	"internal/control/portal":               7,
	"internal/control/provision/justintime": 7,
	"internal/control/provision":            6,
	"internal/control/entitlements":         6,
	"internal/control/identitystore":        6,
	"internal/control/oauth":                6,
	"internal/control/identitycenter":       6,
	"internal/control/principals":           6,
	"internal/control/sts":                  6,
	"internal/control/sessions":             6,
	"internal/control/buckets":              6,
	"internal/control/policycheck":          6,
	"internal/control/stores":               7,
	"internal/control/controltest":          7,

	"internal/control/controltest/peopletest": 8,

	"internal/front":   6,
	"internal/api":     8,
	"internal/scim":    8,
	"internal/pages":   8,
	"internal/login":   3,
	"internal/gateway": 8,

	"internal/remotesign": 8,
	"internal/attack":     3,

	"internal/objects": 6,
	"internal/remote":  6,

	"internal/maintenance": 8,

	"internal/server": 9,
	"cmd/latchkey":    10,

	// Tools and benchmarks stand beside the house.
	"tools": 11,
	"bench": 11,
}

// testOnly are packages that only tests may import; they may look at anything below the package they serve.
var testOnly = map[string]int{
	"internal/store/storetest":     2,
	"internal/control/controltest": 7,

	"internal/control/controltest/peopletest": 8,

	"internal/oidc/oidctest":         1,
	"internal/upstream/upstreamtest": 3,
	"internal/ldap/ldaptest":         1,
	"internal/probe/probetest":       4,
	"internal/server/leavingtest":    9,
	"internal/server/signedtest":     8,
}

// apart are packages that must not know each other although their floors would let them: only server wires them.
var apart = map[string][]string{
	"internal/gateway": {"internal/objects", "internal/remote"},
	"internal/control": {"internal/objects", "internal/remote"},
}

func TestFloors(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		if d.IsDir() {
			if name := d.Name(); rel != "." &&
				(strings.HasPrefix(name, ".") || name == "e2e" || name == "node_modules" || name == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || filepath.Dir(rel) == "internal" {
			return nil
		}
		pkg := filepath.ToSlash(filepath.Dir(rel))
		seen[floorKey(pkg)] = true
		checkFile(t, path, pkg)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) < 10 {
		t.Fatalf("only %d packages were seen: the walk is broken", len(seen))
	}
}

func checkFile(t *testing.T, path, pkg string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	own := floorKey(pkg)
	if own == "" {
		t.Errorf("%s: the package %s has no floor", path, pkg)
		return
	}
	for _, spec := range f.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		rest, ours := strings.CutPrefix(imported, "latchkey/")
		if !ours || rest == pkg {
			continue
		}
		if _, ok := testOnly[rest]; ok {
			_, forTests := testOnly[pkg]
			if !strings.HasSuffix(path, "_test.go") && !strings.HasPrefix(pkg, rest) && !forTests {
				t.Errorf("%s imports %s, which is for tests", path, rest)
			}
			continue
		}
		if !strings.HasSuffix(path, "_test.go") && keptApart(pkg, rest) {
			t.Errorf("%s imports %s: it must know it as an upstream.Upstream", path, rest)
		}
		key := floorKey(rest)
		switch {
		case key == "":
			t.Errorf("%s imports %s, which has no floor", path, rest)
		case key == own:
			// Parts of one floor entry may know each other.
		case floors[key] >= floors[own] && !strings.HasSuffix(path, "_test.go"):
			t.Errorf("%s: %s (floor %d) imports %s (floor %d)", path, own, floors[own], key, floors[key])
		}
	}
}

func keptApart(pkg, imported string) bool {
	for of, never := range apart {
		if (pkg == of || strings.HasPrefix(pkg, of+"/")) && slices.Contains(never, imported) {
			return true
		}
	}
	return false
}

// floorKey is the longest entry of the table that is pkg or one of its parents.
func floorKey(pkg string) string {
	for p := pkg; p != "." && p != "/" && p != ""; p = filepath.ToSlash(filepath.Dir(p)) {
		if _, ok := floors[p]; ok {
			return p
		}
	}
	return ""
}

// TestTheTableOfFloorsIsInArchitecture: ARCHITECTURE shows the floors to people, and must show these.
func TestTheTableOfFloorsIsInArchitecture(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]int{}
	rows := regexp.MustCompile("(?m)^\\| `([^`]+?)(?:/\\*)?` \\| ([0-9]+) \\|")
	for _, row := range rows.FindAllStringSubmatch(string(page), -1) {
		if _, twice := shown[row[1]]; twice {
			t.Errorf("%s has two rows", row[1])
		}
		shown[row[1]], _ = strconv.Atoi(row[2])
	}
	for pkg, floor := range floors {
		_, forTests := testOnly[pkg]
		if got, ok := shown[pkg]; !forTests && strings.Contains(pkg, "/") && (!ok || got != floor) {
			t.Errorf("%s is on floor %d, ARCHITECTURE says %d (%v)", pkg, floor, got, ok)
		}
		delete(shown, pkg)
	}
	for pkg := range shown {
		t.Errorf("%s has a row and no floor", pkg)
	}
}
