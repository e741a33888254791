package stores_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"testing"

	"latchkey/e2e/stores"
)

// Every store starts, says which it is, refuses a stranger, and is gone when it was stopped.
func TestStoresStartAndStop(t *testing.T) {
	if _, given := stores.Folder(); !given {
		t.Skip("no stores are given: tools/stores gives them")
	}
	for name, start := range map[string]func(context.Context, string) (*stores.Store, error){
		"versitygw": stores.Versitygw, "versitygw with IAM": stores.VersitygwWithIAM, "minio": stores.MinIO,
		"ceph": stores.Ceph,
	} {
		t.Run(name, func(t *testing.T) {
			dir, err := os.MkdirTemp("", "store-")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(dir) })
			s, err := start(t.Context(), dir)
			if missing, ok := errors.AsType[stores.Missing](err); ok {
				t.Skip(missing)
			}
			if err != nil {
				t.Fatal(err)
			}
			defer s.Stop()
			if s.Version == "" {
				t.Error("the store does not say its version")
			}
			resp, err := http.Get(s.Endpoint + "/some-bucket/key")
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode < 400 {
				t.Errorf("a stranger gets %d", resp.StatusCode)
			}
			s.Stop()
			if _, err := http.Get(s.Endpoint); err == nil {
				t.Error("the store answers after it was stopped")
			}
		})
	}
}
