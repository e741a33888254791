package e2e

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"latchkey/e2e/stores"
)

// The pages about stores are scripts with explanations. This test runs their commands in front of each store, with a
// second Latchkey in place of AWS.
func TestStoreGuidesWork(t *testing.T) {
	needsCLI(t)
	pages := map[string]string{"versitygw": "versitygw", "minio": "minio", "ceph": "ceph", "latchkey": "aws"}
	for _, s := range stores.All(binary) {
		t.Run(pages[s.Name], func(t *testing.T) {
			store := storeOrSkip(t, func(dir string) (*stores.Store, error) { return s.Start(t.Context(), dir) })
			hasLake(t, store)
			var script strings.Builder
			for _, page := range []string{"stores/" + pages[s.Name] + ".md", "stores.md"} {
				text, err := os.ReadFile(filepath.Join("..", "docs", page))
				if err != nil {
					t.Fatal(err)
				}
				script.WriteString(commands(string(text)))
			}
			said := followed(t, store, script.String())
			for _, want := range []string{"month,sum", "AccessDenied"} {
				if !strings.Contains(said, want) {
					t.Errorf("the guide never printed %q\n%s", want, tail(said, 4000))
				}
			}
		})
	}
}

// hasLake makes the bucket of the pages in the store, beside any Latchkey.
func hasLake(t *testing.T, store *stores.Store) {
	t.Helper()
	client := s3.New(s3.Options{Region: region, BaseEndpoint: &store.Endpoint, UsePathStyle: true,
		Credentials: keysOf(aws.Credentials{AccessKeyID: store.AccessKey, SecretAccessKey: store.SecretKey})})
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("lake")}); err != nil {
		t.Fatal(err)
	}
	_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("lake"), Key: aws.String("secret.txt"),
		Body: strings.NewReader("secret")})
	if err != nil {
		t.Fatal(err)
	}
}

// followed runs the commands as one script on a machine that has latchkey and the AWS CLI, ends whatever the script
// leaves running, and returns what it printed.
func followed(t *testing.T, store *stores.Store, script string) string {
	t.Helper()
	home := t.TempDir()
	bin, data := filepath.Join(home, "bin"), filepath.Join(home, "data")
	if err := os.Mkdir(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(binary, filepath.Join(bin, "latchkey")); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	cmd := exec.Command("sh", "-ex")
	cmd.Dir, cmd.Stdin = home, strings.NewReader(script)
	cmd.Env = append(plainEnv(), "AWS_DEFAULT_REGION="+region, "HOME="+home, "LATCHKEY_URL=http://"+address,
		"LATCHKEY_DATA="+data, "server=http://"+address, "serve_flags=--listen "+address+" --data "+data,
		"PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"),
		"store="+store.Endpoint, "store_key="+store.AccessKey, "store_secret="+store.SecretKey, "lake=lake")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	log, err := os.Create(filepath.Join(home, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := cmd.Wait()
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
	said, _ := os.ReadFile(log.Name())
	if ended != nil {
		t.Fatalf("the guide failed: %v\n%s", ended, tail(string(said), 4000))
	}
	return string(said)
}
