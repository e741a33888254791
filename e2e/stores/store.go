package stores

import (
	"os"
	"strings"
)

// Region is the region of every store that this package starts.
const Region = "us-east-1"

// Store is a running store.
type Store struct {
	Name    string // versitygw, minio, latchkey or ceph
	Version string // as the store says it, or as it was installed
	// Endpoint and IAM are URLs on loopback. IAM is empty if the store has no IAM API of AWS's.
	Endpoint string
	IAM      string
	// The key of the store's most powerful user.
	AccessKey, SecretKey string
	// Flat says that the store keeps keys as bytes: `a//b` and `a/b` are two objects.
	Flat bool
	// STS says that the store has AssumeRole at Endpoint.
	STS bool

	processes []*process
}

// Stop ends the store's processes, the newest first.
func (s *Store) Stop() {
	for i := len(s.processes) - 1; i >= 0; i-- {
		s.processes[i].stop()
	}
}

// Log is the end of what the store's processes printed.
func (s *Store) Log() string {
	var b strings.Builder
	for _, p := range s.processes {
		b.WriteString(p.log.tail() + "\n")
	}
	return b.String()
}

// plainEnv is the environment without the variables that a store or an AWS client would read.
func plainEnv(extra ...string) []string {
	var env []string
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		drop := strings.HasSuffix(strings.ToUpper(name), "_PROXY")
		for _, prefix := range []string{"AWS_", "MINIO_", "VGW_", "ROOT_", "LATCHKEY_", "CEPH_"} {
			drop = drop || strings.HasPrefix(name, prefix)
		}
		if !drop {
			env = append(env, kv)
		}
	}
	return append(env, extra...)
}
