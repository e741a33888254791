package e2e

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestProgramsThatKnowNothingOfGrants uses a grant with programs that have plain credentials and no plugin.
func TestProgramsThatKnowNothingOfGrants(t *testing.T) {
	l := newLake(t)
	b := l.bucket
	l.root.puts(b, "a/b/one", "a/b/two", "a/c/other", "secret", "z/three")
	l.location.grants(l.alice, READ, "a/b/*")
	l.location.grants(l.alice, READWRITE, "z/*")
	t.Run("boto3", func(t *testing.T) {
		if err := exec.Command("python3", "-c", "import boto3").Run(); err != nil {
			t.Skipf("python3 with boto3 is not installed (%v): skipped", err)
		}
		is(t, "output", l.site.exec(t, nil, l.alice.keys, "python3", "python/direct.py", b, "secret"),
			"buckets True\na/\na/b/\n"+
				"a/b/one a/b/one\na/b/two a/b/two\nz/\nz/three z/three\nv1 a/b/one\nv1 a/b/two\nv1 z/three\nAccessDenied\n")
	})
	t.Run("the AWS CLI", func(t *testing.T) {
		if err := exec.Command("aws", "--version").Run(); err != nil {
			t.Skipf("the AWS CLI is not installed (%v): skipped", err)
		}
		to := t.TempDir()
		l.site.exec(t, nil, l.alice.keys, "aws", "s3", "sync", "--quiet", "s3://"+b+"/", to)
		found, err := exec.Command("find", to, "-type", "f", "-printf", "%P\n").Output()
		l.check(err)
		same(t, "files", slices.Sorted(slices.Values(strings.Fields(string(found)))), []string{"a/b/one", "a/b/two",
			"z/three"})
		l.site.exec(t, nil, l.alice.keys, "aws", "s3", "cp", "--quiet", "s3://"+b+"/a/b/one", "s3://"+b+"/z/copy")
		is(t, "a copy from one grant to another", l.root.gets(b, "z/copy"), "a/b/one")
	})
	t.Run("rclone", func(t *testing.T) {
		if err := exec.Command("rclone", "version").Run(); err != nil {
			t.Skipf("rclone is not installed (%v): skipped", err)
		}
		env := []string{"RCLONE_CONFIG=", "RCLONE_S3_PROVIDER=Other", "RCLONE_S3_ENV_AUTH=true",
			"RCLONE_S3_FORCE_PATH_STYLE=true",
			"RCLONE_S3_ENDPOINT=" + l.site.url, "RCLONE_S3_REGION=us-east-1", "RCLONE_S3_NO_CHECK_BUCKET=true"}
		out := l.site.exec(t, env, l.alice.keys, "rclone", "lsf", "--recursive", "--files-only", ":s3:"+b)
		for _, name := range []string{"a/b/one", "a/b/two", "z/three"} {
			if !strings.Contains(out, name+"\n") {
				t.Errorf("rclone does not see %s: %s", name, out)
			}
		}
		if strings.Contains(out, "other") || strings.Contains(out, "secret") {
			t.Errorf("rclone sees %s", out)
		}
		l.site.exec(t, env, l.alice.keys, "rclone", "copyto", ":s3:"+b+"/a/b/two", ":s3:"+b+"/z/by-rclone")
		is(t, "a copy", l.root.gets(b, "z/by-rclone"), "a/b/two")
	})
}
