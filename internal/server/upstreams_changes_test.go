package server

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// TestKeysRotateUnderWay replaces the store's keys while requests run. None of them fails.
func TestKeysRotateUnderWay(t *testing.T) {
	f := inFront(t, "")
	f.left.must(put("/lake", ""))
	f.left.must(put("/lake/k", "x"))
	f.adopt("lake", "left")
	first, second := f.left.user("first"), f.left.user("second")
	stop, failed := make(chan struct{}), make(chan string, 1)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if got := f.send(f.root, get("/lake/k")); got.status != 200 {
				select {
				case failed <- got.body:
				default:
				}
			}
		}
	})
	for _, k := range []aws.Credentials{first, second} {
		if err := os.WriteFile(f.keys, []byte("[default]\naws_access_key_id = x\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		until(t, "the broken file is told", func() bool { return f.state("left")["KeyProblem"] != nil })
		if got := f.must(get("/lake/k")); got.body != "x" {
			t.Errorf("with the old keys: %s", got.body)
		}
		writeKeys(t, f.keys, k)
		until(t, "the new file is read", func() bool { return f.state("left")["KeyProblem"] == nil })
	}
	close(stop)
	running.Wait()
	f.left.iam("DeleteAccessKey", "UserName", "first", "AccessKeyId", first.AccessKeyID)
	f.must(get("/lake/k"))
	f.left.iam("DeleteAccessKey", "UserName", "second", "AccessKeyId", second.AccessKeyID)
	if got := f.send(f.root, get("/lake/k")); got.status != 503 {
		t.Errorf("without a key that the store knows: %d %s", got.status, got.body)
	}
	writeKeys(t, f.keys, f.left.root)
	f.server.ReloadKeys() // as SIGHUP does, at once
	f.must(get("/lake/k"))
	select {
	case body := <-failed:
		t.Errorf("a request failed: %s", body)
	default:
	}
}

// TestChangesBehindOurBack checks that what somebody does to a store is noticed and shown, and changes no registration.
func TestChangesBehindOurBack(t *testing.T) {
	f := inFront(t, "")
	for _, b := range []string{"lake", "pond"} {
		f.left.must(put("/"+b, ""))
	}
	f.adopt("lake", "left")
	until(t, "the buckets were looked at", func() bool {
		s := f.state("left")
		return s["RegisteredBuckets"] == 1.0 && s["UnregisteredBuckets"] == 1.0 && s["MissingBuckets"] == 0.0
	})
	changes := func() string { return fmt.Sprint(f.state("left")["Changes"]) }
	f.left.must(put("/sea", ""))
	until(t, "the new bucket is noticed", func() bool { return strings.Contains(changes(), "Bucket:sea") })
	f.left.must(del("/lake"))
	until(t, "the deleted bucket is noticed", func() bool { return strings.Contains(changes(), "Bucket:lake") })
	if s := f.state("left"); s["MissingBuckets"] != 1.0 {
		t.Errorf("%v", s)
	}
	if list := fmt.Sprint(f.own("ListBuckets", object{})); !strings.Contains(list, "Condition:missing in the store") {
		t.Errorf("the list says nothing: %s", list)
	}
	if got := f.send(f.root, get("/lake/k")); got.code() != "NoSuchBucket" {
		t.Errorf("%d %s", got.status, got.body)
	}
	f.left.must(put("/lake", "")) // another one
	until(t, "another bucket of the name is noticed", func() bool {
		return strings.Contains(fmt.Sprint(f.own("ListBuckets", object{})), "Condition:another bucket")
	})
	f.left.must(del("/pond"))
	until(t, "a bucket without an owner is gone", func() bool { return strings.Contains(changes(), "Bucket:pond") })
	if m := f.send(f.root, request{method: "GET", path: "/metrics", service: "-"}).body; !strings.Contains(m,
		`latchkey_upstream_changes_total{upstream="left"} 4`) {
		t.Errorf("metrics: %s", m)
	}
}
