package gateway_test

import (
	"io"
	"net/http"
	"syscall"
	"testing"
)

// BenchmarkGET reads 1 KiB by a policy of the caller's own, by a grant, and with a vended credential.
// It tells the CPU of client and server together.
func BenchmarkGET(b *testing.B) {
	w := start(b)
	w.bucket(w.root, "lake")
	w.grants()
	w.object("/lake/in/k", string(make([]byte, 1024)))
	plain := w.user("plain", everything)
	alice := w.user("alice", mayAskOnly)
	w.grant("alice", "lake/in/*", "READ", false)
	for _, by := range []struct {
		name string
		keys awsKeys
	}{{"policy", plain}, {"grant", alice}, {"vended", w.vend(alice, "s3://lake/in/*", "READ")}} {
		b.Run(by.name, func(b *testing.B) {
			var before, after syscall.Rusage
			_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
			for b.Loop() {
				resp, err := w.http.Do(w.request(by.keys, ask{method: http.MethodGet, path: "/lake/in/k"}))
				if err != nil || resp.StatusCode != 200 {
					b.Fatal(resp, err)
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
			used := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
			b.ReportMetric(float64(used)/float64(b.N)/1000, "cpu-us/op") // of client and server
		})
	}
}
