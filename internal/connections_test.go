package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// connecting are the packages of a server that may connect to another machine, each with whom it connects to. No row is
// for another node. The rest of the product that connects is what runs at a person's machine: cmd/latchkey and login.
var connecting = map[string]string{
	"ldap":   "directory servers of the configuration",
	"oidc":   "issuers that an administrator trusts",
	"login":  "a person's own machine: the server, and the OpenID provider",
	"store":  "PostgreSQL",
	"remote": "stores of the configuration",

	"upstreams": "stores of the configuration, their token services, and those that give a machine its keys",

	"attack": "the gateway that the command latchkey attack names; no server runs it",
	"broker": "the token services and stores of the configuration, for which locations vend",

	"awswire": "nobody by itself: its Client is for programs at a person's machine, see clients",
}

// clients are the packages that may use the Client of awswire, by which a node could call another one.
var clients = []string{"login", "upstreams", "broker", "probe"}

// listening are the packages that may listen.
var listening = map[string]string{
	"server": "the port of the clients, and that of the metrics",
	"login":  "the loopback port to which the person's browser comes back, and the agent's",
}

// TestAttack38_NodesDoNotCallEachOther reads the sources: no package but those above connects to anything or listens,
// and none uses a library for remote calls. A first internode call would have to come by here.
func TestAttack38_NodesDoNotCallEachOther(t *testing.T) {
	dials := map[string][]string{
		"net":      {"Dial", "DialTimeout", "DialTCP", "DialUDP", "Dialer"},
		"net/http": {"Client", "DefaultClient", "Transport", "DefaultTransport", "Get", "Post", "PostForm", "Head"},
		"net/rpc":  {"*"}, "crypto/tls": {"Dial", "DialWithDialer", "Dialer"},
	}
	listens := map[string][]string{
		"net": {"Listen", "ListenConfig", "ListenTCP", "ListenPacket", "ListenUDP"}, "crypto/tls": {"Listen", "NewListener"},
		"net/http": {"ListenAndServe", "ListenAndServeTLS", "Server"},
	}
	seen := map[string]bool{}
	productSources(t, func(pkg, path string, f *ast.File) {
		for name, from := range imported(f) {
			if strings.Contains(from, "grpc") || strings.Contains(from, "net/rpc") || strings.Contains(from, "pprof") ||
				from == "expvar" {
				t.Errorf("%s imports %s", path, from)
			}
			for _, used := range selected(f, name) {
				if slices.Contains(dials[from], used) {
					if seen[pkg] = true; connecting[pkg] == "" {
						t.Errorf("%s connects: it uses %s.%s", path, from, used)
					}
				}
				if from == "latchkey/internal/awswire" && (used == "Client" || used == "Invoke") && !slices.Contains(clients, pkg) {
					t.Errorf("%s calls a server: it uses awswire.%s", path, used)
				}
				if slices.Contains(listens[from], used) && listening[pkg] == "" {
					t.Errorf("%s listens: it uses %s.%s", path, from, used)
				}
			}
		}
	})
	if !seen["oidc"] || !seen["ldap"] {
		t.Errorf("the walk is broken: it found %v", seen)
	}
}

// TestAttack42_TheEmbeddedStoreHasNoDoor: nobody reaches the objects past the gateway by the network, because the store
// is a folder of this process and listens nowhere. On the machine itself the folder is the server's user's own:
// TestAttack42_FilesOfTheStoreAreTheServersOwn. For a store that others run, `latchkey upstream bypass-check` tells
// what can be known: see control/stores.
func TestAttack42_TheEmbeddedStoreHasNoDoor(t *testing.T) {
	found := false
	productSources(t, func(pkg, path string, f *ast.File) {
		if pkg != "objects" {
			return
		}
		found = true
		for _, from := range imported(f) {
			if from == "net" || from == "net/rpc" || strings.Contains(from, "grpc") {
				t.Errorf("%s imports %s", path, from)
			}
		}
		for name, from := range imported(f) {
			if used := selected(f, name); from == "net/http" && (slices.Contains(used, "Handler") ||
				slices.Contains(used, "HandlerFunc") || slices.Contains(used, "ResponseWriter")) {
				t.Errorf("%s answers requests by itself: %v", path, used)
			}
		}
	})
	if !found {
		t.Error("the walk is broken")
	}
}

// productSources calls do with each source below internal, except tests and what only tests use.
func productSources(t *testing.T, do func(pkg, path string, f *ast.File)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		pkg := filepath.ToSlash(filepath.Dir(path))
		if strings.HasSuffix(pkg, "test") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err == nil {
			do(pkg, path, f)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// imported are the import paths of a file by the names under which it uses them.
func imported(f *ast.File) map[string]string {
	all := map[string]string{}
	for _, i := range f.Imports {
		from := strings.Trim(i.Path.Value, `"`)
		name := from[strings.LastIndexByte(from, '/')+1:]
		if i.Name != nil {
			name = i.Name.Name
		}
		all[name] = from
	}
	return all
}

// selected are what a file uses of a package.
func selected(f *ast.File, name string) (used []string) {
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == name {
				used = append(used, s.Sel.Name)
			}
		}
		return true
	})
	return used
}
