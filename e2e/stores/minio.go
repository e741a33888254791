package stores

import (
	"context"
	"os"
	"path/filepath"
)

// MinIO starts MinIO on one folder below dir.
func MinIO(ctx context.Context, dir string) (*Store, error) {
	program, err := program("minio", MinIOVersion, "minio")
	if err != nil {
		return nil, err
	}
	objects := filepath.Join(dir, "objects")
	if err := os.MkdirAll(objects, 0o700); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	console, err := freePort()
	if err != nil {
		return nil, err
	}
	p, err := launch(dir, plainEnv("MINIO_ROOT_USER="+accessKey, "MINIO_ROOT_PASSWORD="+secretKey, "MINIO_BROWSER=off",
		"MINIO_UPDATE=off", "MINIO_CI_CD=on", "HOME="+dir), program, "server", "--address", "127.0.0.1:"+port,
		"--console-address", "127.0.0.1:"+console, "--quiet", objects)
	if err != nil {
		return nil, err
	}
	s := &Store{Name: "minio", Version: MinIOVersion, Endpoint: "http://127.0.0.1:" + port, AccessKey: accessKey,
		SecretKey: secretKey, STS: true, processes: []*process{p}}
	if err := p.ready(ctx, s.Endpoint+"/minio/health/ready"); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}
