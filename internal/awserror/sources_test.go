package awserror

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/fault"
)

// dialectsOf says which dialects the clients speak that see the failures of a package.
var dialectsOf = map[string][]Dialect{
	"api":                          {S3, STS, IAM, JSON},
	"awswire":                      {S3, STS, IAM, JSON},
	"caller":                       {S3, STS, IAM, JSON},
	"credential":                   {S3, STS, IAM, JSON},
	"engine":                       {S3, STS, IAM, JSON},
	"sigv4":                        {S3, STS, IAM, JSON},
	"store":                        {S3, STS, IAM, JSON},
	"control":                      {S3, STS, IAM, JSON},
	"control/buckets":              {S3, JSON},
	"control/grants":               {S3, JSON},
	"control/principals":           {IAM, JSON},
	"control/sts":                  {STS},
	"control/sessions":             {JSON},
	"control/stores":               {JSON},
	"gateway":                      {S3},
	"objects":                      {S3},
	"remote":                       {S3},
	"events":                       {S3},
	"broker":                       {S3, JSON},
	"front":                        {S3, STS, IAM, JSON},
	"server":                       {S3, STS, IAM, JSON},
	"upstream":                     {S3},
	"control/identitystore":        {SSO},
	"control/provision":            {JSON},
	"control/ldapsync":             {JSON},
	"scim":                         {},
	"control/identitycenter":       {SSO},
	"control/provision/justintime": {OAuth},
	"control/oauth":                {OAuth},
	"control/portal":               {Portal},
	"pages":                        {OAuth},
	"remotesign":                   {Iceberg},
}

// generic reports whether the kind alone describes a fault well enough for a dialect that has no row for it: no client
// does anything that depends on the entity. STS, IAM and the json services have one code for all input that they
// refuse, one for everything that does not exist, and one for everything that exists already. S3 has one for each
// entity.
func generic(d Dialect, k fault.Kind, entity string) bool {
	ofDirectory := []string{"Membership", "IdentityCenter", "ApplicationGrant", "TokenIssuer", "AuthenticationMethod",
		"IdentityToken", "Source"}
	if d != SSO && d != OAuth && d != Portal && slices.Contains(ofDirectory, entity) {
		return true // only the directory's clients ever ask for one
	}
	if d == Iceberg {
		return true // its specification has one type for each status
	}
	if d == S3 && k == fault.NotFound && entity == "Account" {
		return true // only AdoptBucket, an operation of our own service, takes an account that need not exist
	}
	switch k {
	case fault.Internal, fault.Unavailable, fault.Incomplete:
		return true
	case fault.Conflict:
		return entity == "Instance" || d == SSO || d == JSON // changed by another request at the same time
	case fault.Throttled:
		return entity == "" // SlowDown, to whoever asks too often
	case fault.Denied:
		return slices.Contains([]string{"", "Policy", "SessionToken", "User", "RequestTime", "ServiceTrust",
			"IdentityCenter"}, entity)
	case fault.Unsupported:
		return entity == "Operation" || d == S3 && (entity == "Header" || entity == "CopySource")
	}
	if d != S3 {
		return slices.Contains([]fault.Kind{fault.Invalid, fault.Malformed, fault.TooLarge, fault.NotFound,
			fault.AlreadyExists, fault.InUse, fault.LimitExceeded}, k)
	}
	switch k {
	case fault.Invalid: // InvalidRequest
		return slices.Contains([]string{"Request", "Member", "Header", "Host", "Chunk", "Metadata"}, entity)
	case fault.TooLarge: // MaxMessageLengthExceeded
		return entity == "Request" || entity == "Chunk"
	case fault.Precondition, fault.NotModified:
		return true
	}
	return false
}

// raised is a kind and an entity of which a package makes a fault.
type raised struct{ pkg, kind, entity string }

// faultsOf finds every fault.New and fault.Refuse whose kind and entity are constants.
func faultsOf(t *testing.T) map[raised]token.Position {
	found := map[raised]token.Position{}
	files := token.NewFileSet()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.HasSuffix(d.Name(), "test") {
			return filepath.SkipDir // storetest and the like serve tests
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(strings.TrimPrefix(filepath.Dir(path), ".."+string(filepath.Separator)))
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if ok && len(call.Args) >= 3 && (selector(call.Fun) == "New" || selector(call.Fun) == "Refuse") {
				kind, entity := selector(call.Args[0]), selector(call.Args[1])
				if lit, ok := call.Args[1].(*ast.BasicLit); ok && lit.Value == `""` {
					entity = `""`
				}
				if kind != "" && entity != "" {
					found[raised{pkg, kind, strings.Trim(entity, `"`)}] = files.Position(call.Pos())
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

// selector returns X of fault.X, or an empty text.
func selector(e ast.Expr) string {
	s, ok := e.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if x, ok := s.X.(*ast.Ident); !ok || x.Name != "fault" {
		return ""
	}
	return s.Sel.Name
}

// names returns the kinds and the entities by their names in the source code.
func names(t *testing.T) (kinds map[string]fault.Kind, entities map[string]fault.Entity) {
	kinds, entities = map[string]fault.Kind{}, map[string]fault.Entity{"": ""}
	//lint:ignore SA1019 the package has no build tags, and its files are all that is wanted
	pkgs, err := parser.ParseDir(token.NewFileSet(), "../fault", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range pkgs["fault"].Files {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for i, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				if lit, ok := first(v.Values).(*ast.BasicLit); ok {
					entities[v.Names[0].Name] = fault.Entity(strings.Trim(lit.Value, `"`))
				} else {
					kinds[v.Names[0].Name] = fault.Kind(i)
				}
			}
		}
	}
	return kinds, entities
}

func first(values []ast.Expr) ast.Expr {
	if len(values) == 0 {
		return nil
	}
	return values[0]
}

func TestEveryFaultHasACodeOnPurpose(t *testing.T) {
	kinds, entities := names(t)
	found := faultsOf(t)
	if len(found) < 100 || kinds["Throttled"] != fault.Throttled || entities["IAMRole"] != fault.IAMRole {
		t.Fatalf("%d faults found, %v", len(found), kinds)
	}
	for r, at := range found {
		kind, ok := kinds[r.kind]
		entity, okEntity := entities[r.entity]
		dialects, okPkg := dialectsOf[r.pkg]
		if !ok || !okEntity || !okPkg {
			t.Errorf("%s: package %s raises %s, %s, which this test does not know", at, r.pkg, r.kind, r.entity)
			continue
		}
		for _, d := range dialects {
			own, _ := tables(d)
			if _, ok := own[key{kind, entity}]; ok {
				continue
			}
			if !generic(d, kind, r.entity) {
				t.Errorf("%s: %s, %s is just %s to clients of dialect %d", at, r.kind, r.entity, lookup(d, kind, entity).code, d)
			}
		}
	}
}

func TestEveryKindHasACodeInEveryDialect(t *testing.T) {
	kinds, _ := names(t)
	dataOnly := []fault.Kind{fault.Precondition, fault.NotModified, fault.Range} // of objects, which only S3 has
	for _, d := range []Dialect{S3, STS, IAM, JSON, Iceberg} {
		_, common := tables(d)
		for name, k := range kinds {
			if _, ok := common[k]; !ok && (d == S3 || !slices.Contains(dataOnly, k)) {
				t.Errorf("dialect %d has no code for %s", d, name)
			}
		}
	}
}

func TestCodesThatClientsCountOn(t *testing.T) {
	for _, c := range []struct {
		d      Dialect
		k      fault.Kind
		n      fault.Entity
		code   string
		status int
	}{
		{S3, fault.Unavailable, fault.Location, "ServiceUnavailable", 503}, // SDKs try again
		{S3, fault.Throttled, "", "SlowDown", 503},
		{S3, fault.TooLarge, fault.PackedPolicy, "StsPackedPolicyTooLargeError", 400},
		{S3, fault.Unsupported, fault.Operation, "NotImplemented", 501},
		{S3, fault.Unsupported, fault.Method, "MethodNotAllowed", 405},
		{S3, fault.Expired, fault.SessionToken, "ExpiredToken", 400},
		{STS, fault.Unsupported, fault.Operation, "InvalidAction", 400},
		{STS, fault.Unsupported, fault.Method, "MethodNotAllowed", 405},
		{STS, fault.Expired, fault.SessionToken, "ExpiredToken", 403},
		{IAM, fault.Unsupported, fault.Method, "MethodNotAllowed", 405},
		{IAM, fault.Unsupported, fault.Operation, "InvalidAction", 400},
		{IAM, fault.NotFound, fault.Role, "NoSuchEntity", 404},
		{JSON, fault.Unsupported, fault.Operation, "UnknownOperationException", 400},
		{JSON, fault.InUse, fault.User, "ConflictException", 400},
		{JSON, fault.Invalid, fault.PayloadHash, "InvalidSignatureException", 400},
		{JSON, fault.Denied, fault.Header, "InvalidSignatureException", 400},
	} {
		if got := Of(c.d, fault.New(c.k, c.n, "")); got.Code != c.code || got.Status != c.status || got.Message == "" {
			t.Errorf("%v %s is %d %s in dialect %d, want %d %s", c.k, c.n, got.Status, got.Code, c.d, c.status, c.code)
		}
	}
}

func TestReasonsAreToldWhereTheFaultSaysSo(t *testing.T) {
	for _, d := range []Dialect{S3, STS, IAM, JSON, SSO, OAuth} {
		told := Of(d, fault.Refuse(fault.Denied, "", fault.UserDeleted, "the directory user is deleted"))
		if told.Message != "user_deleted: the directory user is deleted" || told.Text != "the directory user is deleted" ||
			told.Reason != fault.UserDeleted {
			t.Errorf("dialect %d tells %+v", d, told)
		}
		silent := Of(d, fmt.Errorf("context: %w", fault.New(fault.Denied, "", "no").For(fault.GrantDeleted)))
		if silent.Message != "no" || silent.Text != "no" || silent.Reason != fault.GrantDeleted {
			t.Errorf("dialect %d tells %+v", d, silent)
		}
		ours := Of(d, fault.Refuse(fault.Internal, "", fault.GrantDeleted, "secret"))
		if strings.Contains(ours.Message+ours.Text, "secret") || strings.Contains(ours.Message, "grant_deleted") {
			t.Errorf("dialect %d tells %+v", d, ours)
		}
	}
}

func TestNoCauseReachesAClient(t *testing.T) {
	for _, d := range []Dialect{S3, STS, IAM, JSON} {
		for _, err := range []error{
			errors.New("secret"), fault.New(fault.Internal, "", "secret").Because(errors.New("secret")),
			fault.New(fault.Denied, "", "no").Because(errors.New("secret")),
			fmt.Errorf("secret: %w", fault.New(fault.Invalid, "", "no")),
		} {
			if got := Of(d, err); strings.Contains(got.Message, "secret") {
				t.Errorf("dialect %d tells %q", d, got.Message)
			}
		}
	}
}
