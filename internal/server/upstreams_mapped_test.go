package server

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/upstreams"
)

// mapped is a server in front of store, which it reaches with a mapping, as the value of buckets. It is booted anew
// with the same data when the mapping changes.
func mapped(t *testing.T, data string, store *walkWorld, entry string) *walkWorld {
	t.Helper()
	file := filepath.Join(t.TempDir(), "upstreams.yaml")
	text := fmt.Sprintf("upstreams:\n  - {name: back, endpoint: %q, keys: {file: %q}, flat: true, buckets: %s}\n"+
		"newBuckets: back\n", store.url, keysFile(t, store.root), entry)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := upstreams.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return worldOf(t, boot(t, Config{Upstreams: c, Data: data, Log: slog.New(slog.DiscardHandler)}))
}

// TestMappedBuckets uses, makes and copies between buckets that have other names in the store, or are not served.
func TestMappedBuckets(t *testing.T) {
	for entry, names := range map[string][2]string{ // the names in the store of lake and pond
		"{prefix: corp-}":                          {"corp-lake", "corp-pond"},
		"{rename: {lake: sea, pond: alpha-ocean}}": {"sea", "alpha-ocean"},
		"[lake, pond]":                             {"lake", "pond"},
	} {
		t.Run(entry, func(t *testing.T) {
			store := worldOf(t, boot(t, Config{Log: slog.New(slog.DiscardHandler)}))
			store.must(put("/"+names[0], ""))
			store.must(put("/"+names[0]+"/k", "hello"))
			store.must(put("/other", ""))
			f := mapped(t, t.TempDir(), store, entry)
			strays := fmt.Sprint(f.own("ListBuckets", object{"Unregistered": true}))
			if !strings.Contains(strays, "Name:lake") ||
				strings.Contains(strays, "other") || strings.Contains(strays, "Name:"+names[0]) && names[0] != "lake" {
				t.Errorf("the strays are %s", strays)
			}
			f.adopt("lake", "back")
			f.must(put("/pond", ""))
			store.must(get("/" + names[1] + "?location"))
			f.must(from("/lake/k", put("/pond/copy", "")))
			if got := store.must(get("/" + names[1] + "/copy")); got.body != "hello" {
				t.Errorf("the copy is %s", got.body)
			}
			list := f.must(get("/pond?list-type=2")).body
			if !strings.Contains(list, "<Name>pond</Name>") || strings.Contains(list, "corp") {
				t.Errorf("the listing has the store's names: %s", list)
			}
			if entry == "{prefix: corp-}" {
				return
			}
			if got := f.send(f.root, call(latchkey.Service, "AdoptBucket", object{
				"Name": "other", "AccountId": walkAccount, "Upstream": "back",
			})); got.code() != "ResourceNotFoundException" {
				t.Errorf("adopting what is not served: %d %s", got.status, got.body)
			}
			if got := f.send(f.root, put("/fresh", "")); got.code() != "InvalidBucketName" {
				t.Errorf("making what is not served: %d %s", got.status, got.body)
			}
			if got := store.send(store.root, get("/fresh?location")); got.code() != "NoSuchBucket" {
				t.Errorf("it was made: %d %s", got.status, got.body)
			}
		})
	}
}

// TestABucketThatIsNoLongerServed checks that a registered bucket does not become another one when the configuration
// changes: its store is not asked for a name that it does not serve, and no other store is asked at all.
func TestABucketThatIsNoLongerServed(t *testing.T) {
	store := worldOf(t, boot(t, Config{Log: slog.New(slog.DiscardHandler)}))
	store.must(put("/lake", ""))
	store.must(put("/lake/k", "hello"))
	store.must(put("/pond", ""))
	data := t.TempDir()
	t.Run("adopted", func(t *testing.T) {
		f := mapped(t, data, store, "all")
		f.adopt("lake", "back")
		f.must(get("/lake/k"))
	})
	unavailable := func(t *testing.T, f *walkWorld) {
		t.Helper()
		for _, q := range []request{get("/lake/k"), put("/lake/k", "x"), get("/lake?list-type=2"), del("/lake"),
			from("/lake/k", put("/own/k", ""))} {
			if got := f.send(f.root, q); got.status != 503 || strings.Contains(got.body, "hello") {
				t.Errorf("%s %s: %d %s", q.method, q.path, got.status, got.body)
			}
		}
	}
	t.Run("left out of the list", func(t *testing.T) {
		f := mapped(t, data, store, "[pond, own]")
		f.must(put("/own", ""))
		unavailable(t, f)
	})
	t.Run("the upstream is gone", func(t *testing.T) {
		f := worldOf(t, boot(t, Config{Data: data, Log: slog.New(slog.DiscardHandler)}))
		unavailable(t, f)
		if b := f.server.Control.Engine.Current().Bucket("lake"); b == nil || b.Upstream != "back" {
			t.Errorf("it is registered as %+v", b)
		}
	})
	t.Run("it is back", func(t *testing.T) {
		if got := mapped(t, data, store, "all").must(get("/lake/k")); got.body != "hello" {
			t.Errorf("%s", got.body)
		}
	})
}
