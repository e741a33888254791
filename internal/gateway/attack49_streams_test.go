package gateway_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/upstream"
)

// large is the size of an object that the buffers of two sockets do not hold.
const large = 32 << 20

const denyAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*Object*",` +
	`"Resource":"arn:aws:s3:::lake/*"}]}`

// losses take away, one at a time, what a stream of alice's credential goes by.
var losses = map[string]func(w *world, alice awsKeys, grant string){
	"the grant is deleted": func(w *world, _ awsKeys, grant string) {
		w.must(w.root, ask{method: "DELETE", path: control + "/grant/" + grant})
	},
	"the key is disabled": func(w *world, alice awsKeys, _ string) {
		w.iam("UpdateAccessKey", "UserName", "alice", "AccessKeyId", alice.AccessKeyID, "Status", "Inactive")
	},
	"the asker may not ask any more": func(w *world, _ awsKeys, _ string) {
		w.policy("alice", allow(`{"Effect":"Deny","Action":"s3:GetDataAccess","Resource":"*"}`))
	},
	"the location's role may not": func(w *world, _ awsKeys, _ string) {
		w.iam("DeleteRolePolicy", "RoleName", "loc", "PolicyName", "all")
	},
	"the bucket's policy denies": func(w *world, _ awsKeys, _ string) {
		w.must(w.root, ask{method: "PUT", path: "/lake?policy", body: denyAll})
	},
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited too long until ", what)
		}
	}
}

// cuts counts the answers of an operation that were cut, by the log.
func (w *world) cuts(operation string) (n int) {
	for line := range strings.Lines(w.log.String()) {
		if strings.Contains(line, `"op":"`+operation+`","status":500`) {
			n++
		}
	}
	return n
}

// open begins to read an object. The client takes the first byte only.
func (w *world) open(k awsKeys, path string) *http.Response {
	w.t.Helper()
	small := &http.Transport{DialContext: func(ctx context.Context, network, to string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, to)
		if err == nil { // so that the server has to wait within the first 8 MiB
			err = conn.(*net.TCPConn).SetReadBuffer(16 << 10)
		}
		return conn, err
	}}
	w.t.Cleanup(small.CloseIdleConnections)
	resp, err := small.RoundTrip(w.request(k, ask{method: "GET", path: path}))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { resp.Body.Close() })
	if _, err := io.ReadFull(resp.Body, make([]byte, 1)); err != nil || resp.StatusCode != 200 {
		w.t.Fatal(resp.StatusCode, err)
	}
	return resp
}

// TestAttack49_ADownloadEndsWithItsRights takes away what a download goes by while it is under way.
func TestAttack49_ADownloadEndsWithItsRights(t *testing.T) {
	for name, take := range losses {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, alice, vended, grant := leashed(t)
			w.object("/lake/in/large", strings.Repeat("x", large))
			reading, waiting := w.open(vended, "/lake/in/large"), w.open(vended, "/lake/in/large")
			take(w, alice, grant)
			if n, err := io.Copy(io.Discard, reading.Body); err == nil || n >= large-1 {
				t.Errorf("the client read %d bytes more, %v", n, err)
			}
			eventually(t, "the answer is cut whose client takes nothing", func() bool { return w.cuts("GetObject") == 2 })
			if n, err := io.Copy(io.Discard, waiting.Body); err == nil || n >= large-1 {
				t.Errorf("the client that waited read %d bytes more, %v", n, err)
			}
		})
	}
	t.Run("the record says why", func(t *testing.T) {
		t.Parallel()
		w, _, vended, grant := leashed(t)
		w.object("/lake/in/large", strings.Repeat("x", large))
		resp := w.open(vended, "/lake/in/large")
		w.must(w.root, ask{method: "DELETE", path: control + "/grant/" + grant})
		_, _ = io.Copy(io.Discard, resp.Body)
		eventually(t, "it is cut", func() bool { return w.cuts("GetObject") == 1 })
		if err := w.server.Gateway.FlushRefusals(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		got := w.own(w.root, "QueryAudit", `{"EventName":"GetObject"}`).body
		if !strings.Contains(got, "the grant behind this credential is deleted") || !strings.Contains(got, grant) {
			t.Errorf("the records are %s", got)
		}
	})
}

// TestAStreamWhoseRightsStayIsNotHarmed changes this and that while a client reads slowly.
func TestAStreamWhoseRightsStayIsNotHarmed(t *testing.T) {
	w, _, vended, _ := leashed(t)
	content := strings.Repeat("0123456789abcdef", large/16)
	w.object("/lake/in/large", content)
	resp := w.open(vended, "/lake/in/large")
	got := []byte{content[0]}
	part := make([]byte, 4<<20)
	for i := 0; ; i++ {
		n, err := io.ReadFull(resp.Body, part)
		got = append(got, part[:n]...)
		if err == io.EOF || err == io.ErrUnexpectedEOF && len(got) == large {
			break
		}
		if err != nil {
			t.Fatalf("after %d bytes: %v", len(got), err)
		}
		w.iam("CreateUser", "UserName", fmt.Sprint("u", i))
		w.must(w.root, ask{
			method: "DELETE",
			path:   control + "/grant/" + w.grant("alice", fmt.Sprint("lake/", i), "READ", false),
		})
		w.iam("PutRolePolicy", "RoleName", "loc", "PolicyName", "all",
			"PolicyDocument", allow(fmt.Sprintf(`{"Sid":"s%d","Effect":"Allow","Action":"s3:*","Resource":"*"}`, i)))
	}
	if string(got) != content {
		t.Errorf("%d bytes of other content", len(got))
	}
}

// TestAttack49_AnUploadEndsWithItsRights takes away what an upload goes by between two of its bytes.
func TestAttack49_AnUploadEndsWithItsRights(t *testing.T) {
	for name, take := range losses {
		for _, part := range []bool{false, true} {
			for _, waits := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, a part %v, the client waits %v", name, part, waits), func(t *testing.T) {
					t.Parallel()
					w, alice, vended, grant := leashed(t)
					path, id := "/lake/in/new", ""
					if part {
						id = w.upload(vended, path)
						path += "?partNumber=1&uploadId=" + id
					}
					r := w.request(vended,
						ask{method: "PUT", path: path, hash: "UNSIGNED-PAYLOAD", body: strings.Repeat("x", large)})
					content, send := io.Pipe()
					r.Body = content
					answered := make(chan *answer, 1)
					go func() { answered <- w.tried(r) }()
					if _, err := send.Write(make([]byte, 1<<20)); err != nil {
						t.Fatal(err)
					}
					take(w, alice, grant)
					if !waits {
						go func() { // all but the last byte
							_, _ = io.CopyN(send, zeros{}, large-1<<20-1)
						}()
					}
					got := <-answered
					send.CloseWithError(io.ErrClosedPipe)
					if got != nil && (got.status != 403 || got.code != "AccessDenied" && got.code != "InvalidAccessKeyId") {
						t.Errorf("got %v", got)
					}
					if waits && got == nil {
						t.Error("no answer")
					}
					if part {
						if n := strings.Count(w.content("/lake/in/new?uploadId="+id), "<PartNumber>"); n != 0 {
							t.Errorf("%d parts", n)
						}
					} else if w.listed("in/new") {
						t.Error("it was stored")
					}
				})
			}
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// tried sends a request. It returns nil if the connection is cut before the answer comes.
func (w *world) tried(r *http.Request) *answer {
	resp, err := w.http.Do(r)
	if err != nil {
		return nil
	}
	return w.read(resp)
}

func (w *world) listed(key string) bool {
	w.t.Helper()
	return strings.Contains(w.content("/lake?list-type=2&prefix="+key), "<Key>")
}

// endless is a store whose objects never end and have no length, and in which a copy lasts until somebody ends it.
func endless(ctx context.Context, call upstream.Call) (any, error) {
	switch call.Operation {
	case s3.GetObject.Operation:
		return &s3.GetObjectOutput{Body: io.NopCloser(zeros{})}, nil
	case s3.CopyObject.Operation:
		<-ctx.Done()
		return nil, ctx.Err()
	case s3.HeadBucket.Operation:
		return &s3.HeadBucketOutput{}, nil
	}
	return &s3.CreateBucketOutput{}, nil
}

// TestAttack49_AnAnswerWithoutALengthIsSeenToBeCut reads an answer that has no length. In HTTP/1.0 such an answer ends
// with its connection.
func TestAttack49_AnAnswerWithoutALengthIsSeenToBeCut(t *testing.T) {
	for _, version := range []string{"HTTP/1.0", "HTTP/1.1"} {
		t.Run(version, func(t *testing.T) {
			w := behind(t, true, endless)
			w.bucket(w.root, "lake")
			r := w.request(w.root, ask{method: "GET", path: "/lake/k"})
			conn, err := net.Dial("tcp", w.host)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprintf(conn, "GET /lake/k %s\r\nHost: %s\r\n", version, w.host)
			if err := r.Header.Write(conn); err != nil {
				t.Fatal(err)
			}
			fmt.Fprint(conn, "\r\n")
			resp, err := http.ReadResponse(bufio.NewReader(conn), r)
			if err != nil || resp.StatusCode != 200 || resp.ContentLength != -1 {
				t.Fatalf("%v %v", resp, err)
			}
			w.must(w.root, ask{method: "PUT", path: "/lake?policy", body: denyAll})
			if n, err := io.Copy(io.Discard, resp.Body); err == nil {
				t.Errorf("the answer ended like a whole one after %d bytes", n)
			}
		})
	}
}

// TestAttack49_WorkOfAnUpstreamEndsWithTheRights takes away what a copy goes by while the store is at it.
func TestAttack49_WorkOfAnUpstreamEndsWithTheRights(t *testing.T) {
	began := make(chan struct{})
	w := behind(t, true, func(ctx context.Context, call upstream.Call) (any, error) {
		if call.Operation == s3.CopyObject.Operation {
			close(began)
		}
		return endless(ctx, call)
	})
	w.bucket(w.root, "lake")
	answered := make(chan *answer)
	go func() {
		answered <- w.tried(w.request(w.root,
			ask{method: "PUT", path: "/lake/copy", header: header("X-Amz-Copy-Source", "lake/k")}))
	}()
	select {
	case <-began:
	case got := <-answered:
		t.Fatalf("the store was not asked: %v", got)
	}
	w.must(w.root, ask{method: "PUT", path: "/lake?policy", body: denyAll})
	if got := <-answered; got == nil || got.status != 403 || got.code != "AccessDenied" {
		t.Errorf("got %v", got)
	}
}
