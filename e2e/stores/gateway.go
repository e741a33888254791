package stores

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// UpstreamName is the name of the store behind a gateway that InFront starts.
const UpstreamName = "store"

// UpstreamsFile writes the configuration with which a Latchkey stands in front of a store, and returns its path. New
// buckets are made in the store. The store's keys come from UpstreamEnv.
func UpstreamsFile(dir string, s *Store) (string, error) {
	text := fmt.Sprintf(`upstreams:
  - name: %s
    endpoint: %s
    region: %s
    keys:
      environment: STORE
    flat: %t
newBuckets: %s
`, UpstreamName, s.Endpoint, Region, s.Flat, UpstreamName)
	file := filepath.Join(dir, "upstreams.yaml")
	return file, os.WriteFile(file, []byte(text), 0o600)
}

// UpstreamEnv is the environment that has the store's keys for UpstreamsFile.
func UpstreamEnv(s *Store) []string {
	return []string{"STORE_ACCESS_KEY_ID=" + s.AccessKey, "STORE_SECRET_ACCESS_KEY=" + s.SecretKey}
}

// InFront starts a Latchkey in front of a store. Stopping it stops the store, too.
func InFront(ctx context.Context, dir string, o LatchkeyOptions, upstream *Store) (*Store, error) {
	file, err := UpstreamsFile(dir, upstream)
	if err != nil {
		return nil, err
	}
	o.Flags = append([]string{"--upstreams", file}, o.Flags...)
	o.Env = append(UpstreamEnv(upstream), o.Env...)
	s, err := Latchkey(ctx, dir, o)
	if err != nil {
		return nil, err
	}
	s.processes = append(upstream.processes, s.processes...)
	return s, nil
}
