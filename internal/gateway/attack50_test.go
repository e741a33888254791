package gateway_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/server"
)

// in serves the data folder dir.
func in(dir string) func(*server.Config) { return func(c *server.Config) { c.Data = dir } }

// own calls an operation of the server's own service.
func (w *world) own(k aws.Credentials, operation, body string) *answer {
	w.t.Helper()
	got := w.do(k, ask{method: "POST", path: "/", service: "latchkey", body: body, header: http.Header{
		"X-Amz-Target": {"Latchkey." + operation}, "Content-Type": {"application/x-amz-json-1.1"},
	}})
	var e struct {
		Type string `json:"__type"`
	}
	_ = json.Unmarshal([]byte(got.body), &e)
	got.code = e.Type
	return got
}

// unregistered lists the buckets that are in the store and have no account.
func (w *world) unregistered() (names []string) {
	w.t.Helper()
	var out struct{ Buckets []struct{ Name string } }
	if err := json.Unmarshal([]byte(w.own(w.root, "ListBuckets", `{"Unregistered":true}`).body), &out); err != nil {
		w.t.Fatal(err)
	}
	for _, b := range out.Buckets {
		names = append(names, b.Name)
	}
	return names
}

// shelf keeps copies of parts of a data folder.
type shelf struct {
	t    *testing.T
	data string
	kept map[string]string
}

// keep copies a part as it is now.
func (s *shelf) keep(part string) {
	s.t.Helper()
	if s.kept == nil {
		s.kept = map[string]string{}
	}
	s.kept[part] = filepath.Join(s.t.TempDir(), "copy")
	s.copy(filepath.Join(s.data, part), s.kept[part])
}

// restore replaces the part with a copy.
func (s *shelf) restore(part string) {
	s.t.Helper()
	s.remove(part)
	s.copy(s.kept[part], filepath.Join(s.data, part))
}

func (s *shelf) remove(part string) {
	s.t.Helper()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.RemoveAll(filepath.Join(s.data, part+suffix)); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *shelf) copy(from, to string) {
	s.t.Helper()
	info, err := os.Stat(from)
	if err != nil {
		s.t.Fatal(err)
	}
	if info.IsDir() {
		err = os.CopyFS(to, os.DirFS(from))
	} else {
		var b []byte
		if b, err = os.ReadFile(from); err == nil {
			err = os.WriteFile(to, b, 0o600)
		}
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

const database = "latchkey.db"

// TestAttack50_ABucketInTheStoreIsNobodysWhoCreatesIt restores a database that is older than the store. The database
// does not know one bucket. No account owns that bucket until the operator says which one does.
func TestAttack50_ABucketInTheStoreIsNobodysWhoCreatesIt(t *testing.T) {
	s := &shelf{t: t, data: t.TempDir()}
	var b aws.Credentials
	t.Run("an account more", func(t *testing.T) { b = start(t, in(s.data)).other() })
	s.keep(database)
	t.Run("a bucket with an object", func(t *testing.T) {
		w := start(t, in(s.data))
		w.bucket(w.root, "lake", "pond")
		w.object("/lake/secret", "of A")
	})
	s.restore(database)
	t.Run("the older database", func(t *testing.T) {
		w := start(t, in(s.data))
		for name, k := range map[string]aws.Credentials{"another account": b, "the account that made it": w.root} {
			refused(t, name+" creates", w.put(k, "/lake", ""), 409, "BucketAlreadyExists", "")
			refused(t, name+" creates again", w.put(k, "/lake", ""), 409, "BucketAlreadyExists", "")
			for _, path := range []string{"/lake/secret", "/lake?list-type=2"} {
				refused(t, name+" reads", w.get(k, path), 404, "NoSuchBucket", "")
			}
			refused(t, name+" deletes", w.del(k, "/lake"), 404, "NoSuchBucket", "")
		}
		if got := strings.Join(w.unregistered(), " "); got != "lake pond" {
			t.Errorf("unregistered are %s", got)
		}
		adopt := `{"Name":"lake","AccountId":"` + accountA + `"}`
		served(t, "adopt", w.own(w.root, "AdoptBucket", adopt))
		if got := w.content("/lake/secret"); got != "of A" {
			t.Errorf("the adopted bucket's object is %q", got)
		}
		refused(t, "another account reads", w.get(b, "/lake/secret"), 403, "AccessDenied", "")
		refused(t, "it is the account's", w.put(w.root, "/lake", ""), 409, "BucketAlreadyOwnedByYou", "")
		if got := strings.Join(w.unregistered(), " "); got != "pond" {
			t.Errorf("unregistered are %s", got)
		}
		if got := w.own(w.root, "QueryAudit", `{"EventName":"AdoptBucket"}`).body; strings.Count(got, `"Id"`) != 1 ||
			!strings.Contains(got, `:root`) || !strings.Contains(got, "arn:aws:s3:::lake") {
			t.Errorf("the record is %s", got)
		}
	})
}

// TestAttack50_AnotherBucketOfTheName restores a database and a store of different times. The store's bucket is not the
// one that the database means.
func TestAttack50_AnotherBucketOfTheName(t *testing.T) {
	for part, owner := range map[string]string{database: "the first", "objects": "the second"} {
		t.Run("an older "+part, func(t *testing.T) {
			s := &shelf{t: t, data: t.TempDir()}
			var keys [2]aws.Credentials
			t.Run("the first account's", func(t *testing.T) {
				w := start(t, in(s.data))
				keys = [2]aws.Credentials{w.root, w.other()}
				w.bucket(w.root, "lake")
				w.object("/lake/k", "of the first")
			})
			s.keep(part)
			t.Run("the second account's", func(t *testing.T) {
				w := start(t, in(s.data))
				served(t, "delete", w.del(w.root, "/lake/k"))
				served(t, "delete", w.del(w.root, "/lake"))
				w.bucket(keys[1], "lake")
				served(t, "put", w.put(keys[1], "/lake/k", "of the second"))
			})
			s.restore(part)
			w := start(t, in(s.data))
			k := keys[map[string]int{"the first": 0, "the second": 1}[owner]]
			w.bucket(k, "mine")
			for what, a := range map[string]ask{
				"get": {method: "GET", path: "/lake/k"}, "list": {method: "GET", path: "/lake?list-type=2"},
				"put": {method: "PUT", path: "/lake/new", body: "x"}, "delete": {method: "DELETE", path: "/lake/k"},
				"copy": {method: "PUT", path: "/mine/k", header: header("X-Amz-Copy-Source", "lake/k")},
				"many": {method: "POST", path: "/lake?delete", body: deletion("k")},
			} {
				refused(t, what, w.do(k, a), 404, "NoSuchBucket", "")
			}
			if got := strings.Join(w.unregistered(), " "); got != "lake" {
				t.Errorf("unregistered are %s", got)
			}
			served(t, "forget it", w.del(k, "/lake"))
			refused(t, "create it anew", w.put(k, "/lake", ""), 409, "BucketAlreadyExists", "")
			served(t, "adopt", w.own(w.root, "AdoptBucket", `{"Name":"lake","AccountId":"`+accountA+`"}`))
			if got, want := w.content("/lake/k"),
				map[string]string{database: "of the second", "objects": "of the first"}[part]; got != want {
				t.Errorf("the object is %q, want %q: it was changed", got, want)
			}
		})
	}
}

// TestAttack50_ANewDatabaseBeforeAnOldStore checks that a new database gives no account a bucket of an old store, not
// even the account that owned it.
func TestAttack50_ANewDatabaseBeforeAnOldStore(t *testing.T) {
	s := &shelf{t: t, data: t.TempDir()}
	t.Run("a bucket", func(t *testing.T) {
		w := start(t, in(s.data))
		w.bucket(w.root, "lake")
		w.object("/lake/k", "x")
	})
	s.remove(database)
	w := start(t, in(s.data))
	refused(t, "create", w.put(w.root, "/lake", ""), 409, "BucketAlreadyExists", "")
	refused(t, "read", w.get(w.root, "/lake/k"), 404, "NoSuchBucket", "")
	if got := strings.Join(w.unregistered(), " "); got != "lake" {
		t.Errorf("unregistered are %s", got)
	}
}

// TestAStoreThatLostABucket deletes a registered bucket that is not in the store, and creates it again.
func TestAStoreThatLostABucket(t *testing.T) {
	s := &shelf{t: t, data: t.TempDir()}
	t.Run("a bucket", func(t *testing.T) {
		w := start(t, in(s.data))
		w.bucket(w.root, "lake")
	})
	s.remove("objects")
	w := start(t, in(s.data))
	refused(t, "put", w.put(w.root, "/lake/k", "x"), 404, "NoSuchBucket", "")
	refused(t, "create", w.put(w.root, "/lake", ""), 409, "BucketAlreadyOwnedByYou", "")
	served(t, "delete", w.del(w.root, "/lake"))
	w.bucket(w.root, "lake")
	served(t, "put", w.put(w.root, "/lake/k", "x"))
}

// TestAdoptBucketRefuses tries every caller who may not adopt a bucket, and everything that cannot be adopted.
func TestAdoptBucketRefuses(t *testing.T) {
	s := &shelf{t: t, data: t.TempDir()}
	halfway(t, s.data, func(h *half) { h.make("lake", "") })
	w := start(t, in(s.data))
	b := w.other()
	w.bucket(w.root, "taken")
	admin := w.user("admin", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	body := func(name, account string) string { return `{"Name":"` + name + `","AccountId":"` + account + `"}` }
	for who, k := range map[string]aws.Credentials{"a user": admin, "another root": b} {
		for operation, in := range map[string]string{"AdoptBucket": body("lake", accountB), "ListBuckets": "{}"} {
			if got := w.own(k, operation, in); got.code != "AccessDeniedException" {
				t.Errorf("%s, %s: %s", who, operation, got.body)
			}
		}
	}
	for what, x := range map[string]struct{ in, code string }{
		"registered":        {body("taken", accountB), "ConflictException"},
		"not in the store":  {body("none", accountA), "ResourceNotFoundException"},
		"no account":        {body("lake", "999999999999"), "ValidationException"},
		"no account id":     {body("lake", "1"), "ValidationException"},
		"no name":           {body("UPPER", accountA), "ValidationException"},
		"S3 Control's path": {body("v20180820", accountA), "ValidationException"},
		"no region":         {`{"Name":"lake","AccountId":"` + accountA + `","Region":"a:b"}`, "ValidationException"},
	} {
		if got := w.own(w.root, "AdoptBucket", x.in); got.code != x.code {
			t.Errorf("%s: %s", what, got.body)
		}
	}
	if got := strings.Join(w.unregistered(), " "); got != "lake" {
		t.Errorf("unregistered are %s", got)
	}
	served(t, "adopt", w.own(w.root, "AdoptBucket", body("lake", accountB)))
	served(t, "its account uses it", w.put(b, "/lake/k", "x"))
	if got := w.own(w.root, "AdoptBucket", body("lake", accountB)); got.code != "ConflictException" {
		t.Errorf("again: %s", got.body)
	}
	if got := w.own(b, "QueryAudit", `{"EventName":"AdoptBucket"}`).body; !strings.Contains(got, accountA+":root") {
		t.Errorf("the log of the account that got it: %s", got)
	}
}
