package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// TestWhatWasAcknowledgedSurvivesAKill kills the program in the middle of writes, many times. Every grant, object and
// deletion that the server acknowledged must be there after a restart.
func TestWhatWasAcknowledgedSurvivesAKill(t *testing.T) {
	const rounds, writers = 4, 4
	data := t.TempDir()
	s := startOn(t, data)
	l := lakeOf(s.first(t))
	var mu sync.Mutex
	grants, objects, deleted := map[string]bool{}, map[string]int{}, map[string]bool{}
	acknowledge := func(note func()) {
		mu.Lock()
		defer mu.Unlock()
		note()
	}
	for round := range rounds {
		var busy sync.WaitGroup
		enough := make(chan struct{}, writers)
		for w := range writers {
			busy.Go(func() {
				for n := 0; ; n++ {
					name := fmt.Sprintf("r%d/w%d/n%d", round, w, n)
					out, err := l.root.control.CreateAccessGrant(context.Background(),
						l.location.grantInput(name+"/*", READ, l.alice.arn))
					if err != nil {
						return
					}
					acknowledge(func() { grants[*out.AccessGrantId] = true })
					size := []int{0, 100, 70 << 10, 1 << 20}[n%4]
					_, err = l.root.s3.PutObject(context.Background(),
						&s3.PutObjectInput{Bucket: &l.bucket, Key: &name, Body: bytes.NewReader(bytes.Repeat([]byte{'x'}, size))})
					if err != nil {
						return
					}
					acknowledge(func() { objects[name] = size })
					if n%3 == 0 {
						if _, err := l.root.s3.DeleteObject(context.Background(),
							&s3.DeleteObjectInput{Bucket: &l.bucket, Key: &name}); err != nil {
							// the deletion was not acknowledged, so the object may exist or not
							acknowledge(func() { delete(objects, name) })
							return
						}
						acknowledge(func() { delete(objects, name); deleted[name] = true })
					}
					if n == 4+round {
						enough <- struct{}{}
					}
				}
			})
		}
		for range writers {
			<-enough
		}
		s.process.kill()
		busy.Wait()

		s = startOn(t, data)
		l.moves(s)
		found := l.grantsListed()
		for id := range grants {
			if !slices.Contains(found, id) {
				t.Fatalf("round %d: grant %s was acknowledged and is gone", round, id)
			}
		}
		for name, size := range objects {
			if got := len(l.root.gets(l.bucket, name)); got != size {
				t.Fatalf("round %d: %s has %d bytes of %d", round, name, got, size)
			}
		}
		for name := range deleted {
			if keys := l.root.lists(l.bucket, name); slices.Contains(keys, name) {
				t.Fatalf("round %d: %s was deleted and is back", round, name)
			}
		}
	}
	if len(grants) < rounds*writers || len(objects) < rounds*writers {
		t.Fatalf("only %d grants and %d objects were written", len(grants), len(objects))
	}
}

// moves points the account's actors at the server's new address.
func (l *lake) moves(s *site) {
	l.account.site = s
	l.root = l.actor("root", l.root.arn, l.root.keys)
	l.alice = l.actor("alice", l.alice.arn, l.alice.keys)
}

func TestARevocationSurvivesAKill(t *testing.T) {
	data := t.TempDir()
	s := startOn(t, data)
	l := lakeOf(s.first(t))
	l.root.puts(l.bucket, "a/x", "b/x")
	gone := l.location.grants(l.alice, READ, "a/*")
	l.location.grants(l.alice, READ, "b/*")
	dead, alive := l.alice.asks(l.at("a/*"), READ), l.alice.asks(l.at("b/*"), READ)
	gone.isTakenBack()
	s.process.kill()
	l.moves(startOn(t, data))
	l.actor("dead", "", dead.keys).mayNot(reading(l.bucket, "a/x"))
	l.actor("alive", "", alive.keys).may(reading(l.bucket, "b/x"))
}

func TestSIGTERMFinishesWhatIsInFlight(t *testing.T) {
	data := t.TempDir()
	s := startOn(t, data)
	l := lakeOf(s.first(t))
	l.location.grants(l.alice, READWRITE, "*")
	c := l.alice.asks(l.at("*"), READWRITE)

	// The second half of this upload is sent later.
	content := bytes.Repeat([]byte("slowly "), 100_000)
	body, feed := io.Pipe()
	link, err := s3.NewPresignClient(c.s3).PresignPutObject(t.Context(),
		&s3.PutObjectInput{Bucket: &l.bucket, Key: new("slow")})
	l.check(err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, link.URL, body)
	l.check(err)
	req.ContentLength = int64(len(content))
	req.Header.Set("Expect", "100-continue") // the body begins when the server asks for it
	type result struct {
		status int
		err    error
	}
	done := make(chan result, 1)
	go func() {
		resp, err := s.http.Do(req)
		if err != nil {
			done <- result{0, err}
			return
		}
		resp.Body.Close()
		done <- result{resp.StatusCode, nil}
	}()
	half := len(content) / 2
	if _, err := feed.Write(content[:half]); err != nil {
		t.Fatal(err)
	}

	s.process.terminate(t)
	await(t, "the server to stop listening", func() bool {
		conn, err := net.Dial("tcp", s.addr())
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	select {
	case <-s.process.exited:
		t.Fatal("the server left in the middle of an upload")
	default:
	}
	if _, err := feed.Write(content[half:]); err != nil {
		t.Fatal(err)
	}
	feed.Close()
	if r := <-done; r.err != nil || r.status != 200 {
		t.Fatalf("the upload ended with %d, %v", r.status, r.err)
	}
	<-s.process.exited
	if s.process.err != nil {
		t.Fatalf("the server did not exit with 0: %v", s.process.err)
	}
	l.moves(startOn(t, data))
	if l.root.gets(l.bucket, "slow") != string(content) {
		t.Error("the upload is not what was sent")
	}
}

// await waits until a condition holds.
func await(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	for !holds() {
		select {
		case <-deadline:
			t.Fatalf("waited a minute for %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func TestPagesOfTheServer(t *testing.T) {
	s := start(t)
	l := lakeOf(s.first(t))
	l.root.puts(l.bucket, "a/x")
	l.location.grants(l.alice, READ, "a/*")
	l.alice.asks(l.at("a/*"), READ).may(reading(l.bucket, "a/x"))
	l.alice.isRefusedAccess(l.at("b/*"), READ)

	status, text := s.page(t, "/readyz")
	is(t, "/readyz", fmt.Sprint(strings.TrimSpace(text), " ", status), "ready 200")
	status, text = s.page(t, "/healthz")
	is(t, "/healthz", fmt.Sprint(strings.TrimSpace(text), " ", status), "ok 200")

	status, text = s.page(t, "/metrics")
	is(t, "/metrics", status, 200)
	for _, line := range []string{
		`latchkey_requests_total{code="",operation="GetDataAccess",service="s3control"} 1`,
		`latchkey_requests_total{code="AccessDenied",operation="GetDataAccess",service="s3control"} 1`,
		`latchkey_requests_total{code="",operation="GetObject",service="s3"} 1`,
		"latchkey_grants 1", "latchkey_vend_seconds_count 1", "latchkey_snapshot_revision ", "latchkey_snapshot_age_seconds ",
	} {
		if !strings.Contains(text, "\n"+line) {
			t.Errorf("/metrics lacks %s", line)
		}
	}

	t.Run("buckets of the same names work when the request is signed", func(t *testing.T) {
		for _, name := range []string{"metrics", "healthz", "readyz"} {
			l.hasBucket(name)
			l.root.puts(name, "x")
			same(t, "keys", l.root.lists(name, ""), []string{"x"})
			is(t, "content", l.root.gets(name, "x"), "x")
			is(t, "status of a link", l.root.follows(l.root.presigns(name, "x")).status, 200)
		}
		status, text := s.page(t, "/metrics")
		if status != 200 || strings.Contains(text, "ListBucketResult") {
			t.Errorf("unsigned, /metrics is the server's page: %d", status)
		}
	})
	t.Run("an unsigned request is for no service", func(t *testing.T) {
		for _, path := range []string{"/", "/" + l.bucket, "/" + l.bucket + "/a/x", "/metrics/x", "/healthz/../" + l.bucket +
			"/a/x", "/v20180820/accessgrantsinstance"} {
			if a := s.plain(t, http.MethodGet, path); a.status != 403 {
				t.Errorf("%s: %d %s", path, a.status, a.body)
			}
		}
	})
}

func TestASecondServerOnTheSameFolderIsRefused(t *testing.T) {
	data := t.TempDir()
	s := startOn(t, data)
	l := lakeOf(s.first(t))
	_, err := launch(program{data: data})
	if err == nil {
		t.Fatal("two servers share a folder")
	}
	for _, words := range []string{"in use by another process", "--data"} {
		if !strings.Contains(err.Error(), words) {
			t.Errorf("the refusal does not say %q: %v", words, err)
		}
	}
	l.root.puts(l.bucket, "still/works")
}
