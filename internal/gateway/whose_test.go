package gateway

import (
	"os"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/awsapi/s3"
)

// TestWhoseAConfigurationIs checks that every operation on a configuration says whose the configuration is, and that no
// row lets a store answer for what is ours, or the registry for what is the store's.
func TestWhoseAConfigurationIs(t *testing.T) {
	names := slices.Clone(notImplemented)
	for _, some := range refusedByPolicy {
		names = append(names, some...)
	}
	for op, o := range operations {
		names = append(names, op.Name)
		switch keeperOf(op.Name) {
		case ours:
			if o.answerer != byRegistry {
				t.Errorf("%s would be sent to the store", op.Name)
			}
		case theStores:
			if o.answerer != byUpstream {
				t.Errorf("%s is not passed to the store", op.Name)
			}
		}
	}
	// These are about buckets and objects themselves, or about services that only AWS has.
	others := []string{"Buckets", "Bucket", "Objects", "Object", "ObjectsV2", "ObjectVersions", "ObjectAttributes",
		"ObjectTorrent", "Parts", "MultipartUploads", "DirectoryBuckets", "BucketLocation"}
	for _, name := range names {
		for _, verb := range []string{"Get", "Put", "Delete", "List"} {
			what, ok := strings.CutPrefix(name, verb)
			if ok && !slices.Contains(others, what) && !strings.Contains(what, "Metadata") &&
				keeperOf(name) == noConfiguration && keeperOf(strings.TrimSuffix(name, "s")) == noConfiguration {
				t.Errorf("it is not said whose the configuration of %s is", name)
			}
		}
	}
}

// TestThePageSaysWhoseAConfigurationIs holds docs/upstreams.md to the table.
func TestThePageSaysWhoseAConfigurationIs(t *testing.T) {
	page, err := os.ReadFile("../../docs/upstreams.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[keeper]string{}
	for line := range strings.Lines(string(page)) {
		switch {
		case strings.HasPrefix(line, "| Latchkey's |"):
			rows[ours] = line
		case strings.HasPrefix(line, "| the store's |"):
			rows[theStores] = line
		}
	}
	for what, k := range configurations {
		if !strings.Contains(rows[k], "`"+what+"`") {
			t.Errorf("%s is not in the row of its keeper", what)
		}
	}
}

// TestOursIsNotSent checks that tags, which conditions read, do not become the store's.
func TestOursIsNotSent(t *testing.T) {
	tags := new("a=b")
	for what, in := range map[string]any{
		"PutObject":             &s3.PutObjectRequest{Tagging: tags},
		"CreateMultipartUpload": &s3.CreateMultipartUploadRequest{Tagging: tags},
		"CopyObject":            &s3.CopyObjectRequest{Tagging: tags},
		"CopyObject, replacing": &s3.CopyObjectRequest{TaggingDirective: new("REPLACE")},
	} {
		if refuseOurs(in) == nil {
			t.Errorf("%s with tags is sent to the store", what)
		}
	}
	for what, in := range map[string]any{
		"PutObject": &s3.PutObjectRequest{}, "CopyObject": &s3.CopyObjectRequest{TaggingDirective: new("COPY")},
	} {
		if err := refuseOurs(in); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestNoTwoListingsHaveOneName checks that the parts of a listing's name do not run into each other.
func TestNoTwoListingsHaveOneName(t *testing.T) {
	if bound("in/", "x") == bound("in", "/x") || bound("a", "") == bound("", "a") || bound("a") == bound("a", "") {
		t.Error("two listings have one name")
	}
}
