package stores

import (
	"context"
	"os"
)

// Starter is a store that can be started.
type Starter struct {
	Name  string
	Start func(ctx context.Context, dir string) (*Store, error) // dir is made
}

// All are the stores in the order in which pages name them. latchkey is the binary that stands for another Latchkey.
func All(latchkey string) []Starter {
	starters := []Starter{
		{"versitygw", Versitygw},
		{"minio", MinIO},
		{"latchkey", func(ctx context.Context, dir string) (*Store, error) {
			if latchkey == "" {
				return nil, Missing{Store: "latchkey", Reason: "no binary was given"}
			}
			return Latchkey(ctx, dir, LatchkeyOptions{Program: latchkey, Flags: []string{"--log", "off"}})
		}},
		{"ceph", Ceph},
	}
	for i, s := range starters {
		starters[i].Start = func(ctx context.Context, dir string) (*Store, error) {
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return nil, err
			}
			return s.Start(ctx, dir)
		}
	}
	return starters
}
