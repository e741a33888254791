package upstream

import (
	"fmt"
	"strings"
	"testing"
)

// TestAttack03_CopySourceHasOneReading lists copy sources that readers have disagreed about: each has one
// reading, or none.
func TestAttack03_CopySourceHasOneReading(t *testing.T) {
	tests := []struct {
		header, bucket, key, version string
	}{
		{"b/k", "b", "k", ""},
		{"/b/k", "b", "k", ""},
		{"b%2Fk", "b", "k", ""},
		{"%2Fb%2Fk", "b", "k", ""},
		{"b/a/b", "b", "a/b", ""},
		{"b//k", "b", "/k", ""},
		{"b/../k", "b", "../k", ""},
		{"b/a/%2E%2E/k", "b", "a/../k", ""},
		{"b/a%252Fk", "b", "a%2Fk", ""},
		{"b/a+b", "b", "a+b", ""},
		{"b/a%20b", "b", "a b", ""},
		{"b/a b", "b", "a b", ""},
		{"b/k?versionId=null", "b", "k", "null"},
		{"b/k?versionId=a%2Fb", "b", "k", "a/b"},
		{"b/k%3FversionId=x", "b", "k?versionId=x", ""},
		{"b/k%3FversionId=x?versionId=y", "b", "k?versionId=x", "y"},
		{"b/%C3%A9", "b", "é", ""},
	}
	for _, tt := range tests {
		t.Run("read "+tt.header, func(t *testing.T) {
			got, err := ParseCopySource(tt.header)
			if err != nil || got != (CopySource{tt.bucket, tt.key, tt.version}) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	for _, header := range []string{"", "/", "b", "b/", "/b/", "//k", "//b/k", "b/k?", "b/k?x=y", "b/k?versionId=",
		"b/k?versionId=a&versionId=b",
		"b/k?versionid=x", "b/k?versionId=x?versionId=y", "b/k?x&versionId=y", "b/%zz", "b/k%", "b/%ff", "b/k?versionId=%zz",
		"b/" + strings.Repeat("k", 1025),
		"arn:aws:s3:us-east-1:123456789012:accesspoint/ap/object/k"} {
		t.Run("refused "+header, func(t *testing.T) {
			if got, err := ParseCopySource(header); err == nil || got != (CopySource{}) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func FuzzParseCopySource(f *testing.F) {
	for _, seed := range []string{"b/k", "/b/k?versionId=null", "b%2Fk", "b/%2e%2e/x", "b/k%3FversionId=x", "//", "b/%",
		"arn:x", "b/a+b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		got, err := ParseCopySource(header)
		if err != nil {
			if got != (CopySource{}) {
				t.Fatalf("%q: a failure with %+v", header, got)
			}
			return
		}
		if got.Bucket == "" || strings.Contains(got.Bucket, "/") || CheckKey(got.Key) != nil {
			t.Fatalf("%q: %+v", header, got)
		}
		// What was read, written again, reads the same.
		again := encoded(got.Bucket) + "/" + encoded(got.Key)
		second, err := ParseCopySource(again)
		if err != nil || second.Bucket != got.Bucket || second.Key != got.Key {
			t.Fatalf("%q reads as %+v, %q as %+v: %v", header, got, again, second, err)
		}
	})
}

// encoded percent-encodes every byte.
func encoded(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "%%%02X", s[i])
	}
	return b.String()
}
