package server

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A client that waits for 100 Continue takes what it reads next for the answer to its next request, unless the server
// either asks for the body or closes the connection.
func TestAttack56_ARefusalBeforeTheBodyEndsTheConnection(t *testing.T) {
	s, host := lake(t, Config{})
	const wait = "Expect: 100-continue\r\nContent-Length: 10\r\n"
	for name, c := range map[string]struct{ method, target, rest string }{
		"an unsigned upload":        {"PUT", "/lake/new", ""},
		"an upload to no bucket":    {"PUT", presigned(t, s, "PUT", host, "/missing/new"), ""},
		"an unknown sub-resource":   {"PUT", presigned(t, s, "PUT", host, "/lake?unknown"), ""},
		"a call in JSON":            {"POST", "/", "X-Amz-Target: Latchkey.WhatCan\r\n"},
		"S3 Control":                {"POST", "/v20180820/accessgrantsinstance", "X-Amz-Account-Id: 123456789012\r\n"},
		"SCIM":                      {"POST", "/scim/v2/Users", "Authorization: Bearer x\r\n"},
		"a page":                    {"GET", "/device", ""},
		"a form from another site":  {"POST", "/device", "Content-Type: application/x-www-form-urlencoded\r\nOrigin: http://x\r\n"},
		"the server's own page":     {"GET", "/healthz", ""},
		"another server's resource": {"GET", "http://elsewhere.example.org/", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // the server waits for the body for a while after its answer
			w := dial(t, s)
			w.ask(c.method, c.target, host, wait+c.rest+"\r\n")
			resp, body := w.answer(c.method)
			if resp.StatusCode == http.StatusContinue || !resp.Close || !w.ended() {
				t.Errorf("after %d %s the connection goes on", resp.StatusCode, body)
			}
		})
	}
}

// What a client sends behind a request whose body was not asked for is neither that body nor a request: a server that
// takes a part of it for the body answers to the rest.
func TestAttack56_WhatFollowsIsNotTheBody(t *testing.T) {
	s, host := lake(t, Config{})
	next := "GET /healthz HTTP/1.1\r\nHost: " + host + "\r\n\r\n"
	for name, target := range map[string]string{
		"an unsigned upload":    "/lake/new",
		"an upload to nowhere":  presigned(t, s, "PUT", host, "/missing/new"),
		"the server's own page": "/healthz",
	} {
		for _, length := range []int{4, len(next), len(next) + 4} {
			w := dial(t, s)
			w.ask("PUT", target, host, fmt.Sprintf("Expect: 100-continue\r\nContent-Length: %d\r\n\r\n%s%s", length, next, next))
			if resp, body := w.answer("PUT"); !resp.Close || !w.ended() {
				t.Errorf("%s of %d bytes: after %d %s the connection goes on", name, length, resp.StatusCode, body)
			}
		}
	}
}

// The deadline of an answer is none of what the server says later on an idle connection.
func TestAnIdleConnectionHasNoDeadline(t *testing.T) {
	const soon = 100 * time.Millisecond
	srv := httptest.NewUnstartedServer(patient(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "answer")
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(soon))
	})))
	srv.Config.ConnState = unwatched
	srv.Start()
	defer srv.Close()
	c, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	in := bufio.NewReader(c)
	for _, request := range []string{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/9\r\n\r\n"} {
		if _, err := io.WriteString(c, request); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("%q gets no answer: %v", request, err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			t.Fatal(err)
		}
		<-time.After(2 * soon) // until the deadline is over
	}
}

func TestAttack56_AnUploadThatMayComeIsAskedFor(t *testing.T) {
	s, host := lake(t, Config{})
	w := dial(t, s)
	for range 2 {
		w.ask("PUT", presigned(t, s, "PUT", host, "/lake/new"), host, "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n")
		if resp, body := w.answer("PUT"); resp.StatusCode != http.StatusContinue {
			t.Fatalf("%d %s", resp.StatusCode, body)
		}
		if _, err := io.WriteString(w, "body"); err != nil {
			t.Fatal(err)
		}
		if resp, body := w.answer("PUT"); resp.StatusCode != http.StatusOK || resp.Close {
			t.Errorf("the upload: %d %s", resp.StatusCode, body)
		}
	}
}

// writeDeadlines is a response that takes time for what is written, and remembers the deadlines.
type writeDeadlines struct {
	*httptest.ResponseRecorder
	speed int // bytes in a second
	until time.Time
	set   int
}

func (d *writeDeadlines) SetReadDeadline(time.Time) error { return nil }

func (d *writeDeadlines) SetWriteDeadline(at time.Time) error {
	d.until = at
	d.set++
	return nil
}

func (d *writeDeadlines) Write(b []byte) (int, error) {
	time.Sleep(time.Duration(len(b)) * time.Second / time.Duration(d.speed))
	if time.Now().After(d.until) {
		return 0, io.ErrClosedPipe
	}
	return len(b), nil
}

func TestAnswersMayTakeLongButNotStandStill(t *testing.T) {
	size := 8 << 20
	for name, write := range map[string]func(http.ResponseWriter) (int64, error){
		"at once": func(w http.ResponseWriter) (int64, error) {
			n, err := w.Write(make([]byte, size))
			return int64(n), err
		},
		"from a file": func(w http.ResponseWriter) (int64, error) {
			r := &io.LimitedReader{R: strings.NewReader(strings.Repeat("x", size+1)), N: int64(size)}
			return w.(io.ReaderFrom).ReadFrom(r)
		},
		"from a stream": func(w http.ResponseWriter) (int64, error) {
			return w.(io.ReaderFrom).ReadFrom(strings.NewReader(strings.Repeat("x", size)))
		},
	} {
		for speed, whole := range map[int]bool{10 << 10: true, 1 << 10: false} {
			synctest.Test(t, func(t *testing.T) {
				w := &writeDeadlines{ResponseRecorder: httptest.NewRecorder(), speed: speed}
				begin := time.Now()
				var n int64
				patient(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { n, _ = write(w) })).
					ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
				if (n == int64(size)) != whole {
					t.Errorf("%s, %d bytes in a second: %d bytes after %v", name, speed, n, time.Since(begin))
				}
				if whole && time.Since(begin) < 4*stallTimeout {
					t.Errorf("%s was too quick to show anything", name)
				}
			})
		}
	}
}

// A client that takes nothing of an answer is cut off. The deadline of a real connection ends the write.
func TestAReaderThatStandsStillIsCutOff(t *testing.T) {
	ended := make(chan error, 1)
	h := patient(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, maxUnwatched))
		// As if the time had passed since: waiting a minute would show no more.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(-time.Second))
		_, err := w.Write(make([]byte, 64<<20))
		ended <- err
	}))
	srv := httptest.NewServer(h)
	defer srv.Close()
	resp, err := http.Get(srv.URL)
	if err == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	if cut := <-ended; cut == nil || err == nil {
		t.Errorf("the server wrote on (%v), the client read %v", cut, err)
	}
}
