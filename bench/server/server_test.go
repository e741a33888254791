// Package server_test measures a whole server over HTTP: vending, and the gateway beside the embedded store
// alone. Figures are for docs/performance.md; nothing here passes or fails by time.
package server_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
	"latchkey/internal/objects"
	"latchkey/internal/server"
	"latchkey/internal/upstream"
)

const account = "123456789012"

func start(b *testing.B) *world {
	b.Helper()
	ctx, stop := context.WithCancel(context.Background())
	s, err := server.Open(ctx, server.Config{Listen: "127.0.0.1:0", Data: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	go server.PaceCollector(ctx) // as the program does
	w := &world{
		url:  s.URL(),
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 128, DisableCompression: true}},
		root: aws.Credentials{AccessKeyID: s.Root.AccessKeyID, SecretAccessKey: s.Root.Secret.Reveal()},
	}
	b.Cleanup(func() {
		w.http.CloseIdleConnections()
		stop()
		if err := <-served; err != nil {
			b.Error(err)
		}
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	w.setUp(b)
	return w
}

var signer = v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })

func read(b *testing.B, text []byte, v any) {
	b.Helper()
	if err := xml.Unmarshal(text, v); err != nil {
		b.Fatal(err)
	}
}

// measure runs f from n clients at once until b.N is reached, and reports rate and percentiles.
func measure(b *testing.B, clients int, f func() error) {
	var next atomic.Int64
	var wg sync.WaitGroup
	took := make([][]time.Duration, clients)
	b.ResetTimer()
	for i := range clients {
		wg.Go(func() {
			for next.Add(1) <= int64(b.N) {
				began := time.Now()
				if err := f(); err != nil {
					b.Error(err)
					return
				}
				took[i] = append(took[i], time.Since(began))
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	all := slices.Concat(took...)
	if len(all) == 0 {
		return
	}
	slices.Sort(all)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
	b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
}

// BenchmarkGetDataAccess vends over HTTP, signature checked, audit record durable.
func BenchmarkGetDataAccess(b *testing.B) {
	w := start(b)
	target := "/v20180820/accessgrantsinstance/dataaccess?permission=READ&target=" + url.QueryEscape("s3://lake/*")
	for _, clients := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			measure(b, clients, func() error {
				status, body, err := w.do(w.alice, "s3", http.MethodGet, target, nil, nil)
				if err == nil && status != http.StatusOK {
					err = fmt.Errorf("status %d: %s", status, body)
				}
				return err
			})
		})
	}
}

var sizes = []struct {
	name string
	n    int
}{{"1KiB", 1 << 10}, {"64MiB", 64 << 20}}

// BenchmarkGateway moves objects through the gateway with a vended credential.
func BenchmarkGateway(b *testing.B) {
	w := start(b)
	var got struct {
		ID     string `xml:"Credentials>AccessKeyId"`
		Secret string `xml:"Credentials>SecretAccessKey"`
		Token  string `xml:"Credentials>SessionToken"`
	}
	target := "/v20180820/accessgrantsinstance/dataaccess?permission=READWRITE&target=" + url.QueryEscape("s3://lake/*")
	read(b, w.must(b, w.alice, "s3", http.MethodGet, target, nil, nil), &got)
	vended := aws.Credentials{AccessKeyID: got.ID, SecretAccessKey: got.Secret, SessionToken: got.Token}
	for _, size := range sizes {
		body := bytes.Repeat([]byte("x"), size.n)
		for _, method := range []string{http.MethodPut, http.MethodGet} {
			b.Run(method+"/"+size.name, func(b *testing.B) {
				w.must(b, vended, "s3", http.MethodPut, "/lake/object", nil, body)
				b.SetBytes(int64(size.n))
				measure(b, 1, func() error {
					var sent []byte
					if method == http.MethodPut {
						sent = body
					}
					status, answer, err := w.do(vended, "s3", method, "/lake/object", nil, sent)
					if err == nil && status != http.StatusOK {
						err = fmt.Errorf("status %d: %s", status, answer)
					}
					return err
				})
			})
		}
	}
}

// streamed is a call whose input's stream travels as its body.
func streamed(op *awswire.Operation, in any) upstream.Call {
	call := upstream.Call{Operation: op, Input: in}
	if in, ok := in.(*s3.PutObjectRequest); ok {
		call.Body = &upstream.Body{Reader: in.Body, Length: *in.ContentLength}
		in.Body = nil
	}
	return call
}

// BenchmarkStoreAlone is the embedded store behind a bare HTTP handler that checks nothing: what the gateway
// adds is the difference.
func BenchmarkStoreAlone(b *testing.B) {
	store, err := objects.Open(b.Context(), b.TempDir(), objects.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	l, stop := listen(b, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		op := s3.GetObject.Operation
		if r.Method == http.MethodPut {
			op = s3.PutObject.Operation
		}
		in, err := awswire.Decode(awswire.Usual, op, r, awswire.Labels{"Bucket": "lake", "Key": "object"}, nil)
		if err == nil {
			var out any
			if out, err = store.Do(r.Context(), streamed(op, in)); err == nil {
				err = awswire.Encode(rw, op, out, awswire.IDs{})
			}
		}
		if err != nil {
			http.Error(rw, err.Error(), http.StatusInternalServerError)
		}
	}))
	defer stop()
	if _, err := store.Do(b.Context(), upstream.Call{
		Operation: s3.CreateBucket.Operation, Input: &s3.CreateBucketRequest{Bucket: new("lake")},
	}); err != nil {
		b.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	defer client.CloseIdleConnections()
	for _, size := range sizes {
		body := bytes.Repeat([]byte("x"), size.n)
		for _, method := range []string{http.MethodPut, http.MethodGet} {
			b.Run(method+"/"+size.name, func(b *testing.B) {
				send := func(method string) error {
					var sent io.Reader
					if method == http.MethodPut {
						sent = bytes.NewReader(body)
					}
					req, err := http.NewRequest(method, l+"/lake/object", sent)
					if err != nil {
						return err
					}
					resp, err := client.Do(req)
					if err != nil {
						return err
					}
					defer resp.Body.Close()
					if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
						return fmt.Errorf("status %d: %v", resp.StatusCode, err)
					}
					return nil
				}
				if err := send(http.MethodPut); err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(size.n))
				measure(b, 1, func() error { return send(method) })
			})
		}
	}
}
