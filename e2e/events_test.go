package e2e

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDataEventsAreInABucketForBoto3 lets boto3 read the records where a program for CloudTrail looks for them.
func TestDataEventsAreInABucketForBoto3(t *testing.T) {
	s := start(t, "--events-bucket", "trail", "--events-bucket-every", "1s")
	l := lakeOf(s.first(t))
	out := l.python(t, "trail.py", l.bucket, "trail")
	for _, want := range []string{
		"CreateBucket 200 -", "PutObject 200 in/a b", "GetObject 200 in/a b", "ListObjects 200 -", "DeleteObjects 200 in/a b",
	} {
		if !strings.Contains(out, want+"\n") {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
}

// TestDataEventsSurviveAnOrderlyEnd reads the files that a server leaves, as jq would.
func TestDataEventsSurviveAnOrderlyEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	s := start(t, "--events-file", path, "--events-file-size", "8KiB", "--events-file-keep", "0")
	l := lakeOf(s.first(t))
	g := l.location.grants(l.alice, READ, "in/*")
	l.root.puts(l.bucket, "in/x", "out/x")
	vended := l.alice.asks(l.at("in/x"), READ)
	const reads = 100
	for range reads {
		vended.gets(l.bucket, "in/x")
	}
	s.process.terminate(t)
	<-s.process.exited
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) < 3 {
		t.Fatalf("%v: %v", files, err)
	}
	got := 0
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			var r record
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				t.Fatalf("%s: %v", lines.Text(), err)
			}
			if r.EventName == "GetObject" && r.Latchkey.GrantID == g.id {
				got++
			}
		}
	}
	is(t, "records of the grant", got, reads)
}
