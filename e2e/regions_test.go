package e2e

import (
	"strings"
	"testing"
)

// TestBoto3FollowsTheRegion uses a bucket in another region than the client's by boto3, which follows S3's answer to a
// signature for the wrong region, and without doing so where the server accepts such signatures.
func TestBoto3FollowsTheRegion(t *testing.T) {
	for name, flags := range map[string][]string{"S3's answer": nil, "--any-region": {"--any-region"}} {
		t.Run(name, func(t *testing.T) {
			s := start(t, flags...)
			a := s.first(t)
			is(t, "what boto3 read", strings.TrimSpace(a.python(t, "regions.py", s.url)),
				"there\n5\neu-west-1\n1\neu-west-1\n['haus']")
		})
	}
}
