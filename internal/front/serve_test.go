package front_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/awserror"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/controltest"
	"latchkey/internal/fault"
	"latchkey/internal/front"
)

// script is a front of the test's own. A case says what each phase does.
type script struct {
	*front.Exchange
	answer func() error
	send   func(http.ResponseWriter) error
	refuse func() // before the refusal is written
}

func (s *script) Answer() error { return s.answer() }

func (s *script) Send(w http.ResponseWriter) error { return s.send(w) }

func (s *script) Explain(err error) awserror.Error { return awserror.Of(awserror.S3, err) }

func (s *script) Refuse(w http.ResponseWriter, _ error, told awserror.Error) {
	if s.refuse != nil {
		s.refuse()
	}
	w.WriteHeader(told.Status)
	_, _ = io.WriteString(w, told.Code)
}

// bench is a frame whose counts and log records are kept.
type bench struct {
	*controltest.World
	t       *testing.T
	frame   *front.Frame
	log     bytes.Buffer
	counted []string
}

func newBench(t *testing.T) *bench {
	b := &bench{World: controltest.New(t), t: t}
	b.frame = &front.Frame{
		Control: b.Control, Log: slog.New(slog.NewJSONHandler(&b.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Observe: func(service, operation, code string, _ int, _ time.Duration) {
			b.counted = append(b.counted, service+" "+operation+" "+code)
		},
	}
	return b
}

// call is a call of an outsider, with or without a right that allows it.
func (b *bench) call(right control.Right) *control.Call {
	b.t.Helper()
	snap, err := b.Engine.Snapshot()
	if err != nil {
		b.t.Fatal(err)
	}
	call := b.BeginFor(control.Outsider{
		Identity: audit.Identity{Type: "Unknown", ARN: "arn:of:somebody"},
		Account:  access.AccountID("123456789012"),
		Snapshot: snap,
		Facts:    caller.Facts{Time: b.Now(), Region: controltest.Region},
	}, control.Opening{Source: "test.local", Operation: "Try"})
	if right != "" {
		call.ByRight(right)
	}
	return call
}

// run serves one request by a script, and returns the answer, whether the connection was cut, and the log record.
func (b *bench) run(
	k front.Kind, prepare func(*script),
) (rec *httptest.ResponseRecorder, cut bool, record map[string]any) {
	b.t.Helper()
	b.log.Reset()
	b.counted = nil
	rec = httptest.NewRecorder()
	func() {
		defer func() {
			v := recover()
			if cut = v == http.ErrAbortHandler; v != nil && !cut {
				b.t.Errorf("panic %v", v)
			}
		}()
		s := &script{
			Exchange: b.frame.Begin(rec, httptest.NewRequest("GET", "/", nil), k),
			answer: func() error {
				return nil
			}, send: func(w http.ResponseWriter) error { _, err := io.WriteString(w, "fine"); return err },
		}
		s.Operation = "Try"
		prepare(s)
		s.Serve(s)
	}()
	if lines := strings.Split(strings.TrimSpace(b.log.String()), "\n"); len(lines) != 1 || len(b.counted) != 1 {
		b.t.Fatalf("%d log records, counted %q: %s", len(lines), b.counted, b.log.String())
	}
	if err := json.Unmarshal(b.log.Bytes(), &record); err != nil {
		b.t.Fatal(err)
	}
	return rec, cut, record
}

var someKind = front.Kind{Service: "test"}

func TestServe(t *testing.T) {
	b := newBench(t)
	right := control.ClientSecret
	with := func(r control.Right, answer func() error) func(*script) {
		return func(s *script) {
			s.Call = b.call(r)
			if answer != nil {
				s.answer = answer
			}
		}
	}
	half := func(end func() error) func(*script) {
		return func(s *script) {
			s.Call = b.call(right)
			s.send = func(w http.ResponseWriter) error { _, _ = io.WriteString(w, "ha"); return end() }
		}
	}
	const none = "none"
	denied := fault.New(fault.Denied, "", "no")
	for _, c := range []struct {
		name    string
		kind    front.Kind
		prepare func(*script)
		status  int
		body    string
		cut     bool
		level   string
		code    string // of the log and the count
		record  string // the code of the audit record; none: there is no record
	}{
		{"a success", someKind, with(right, nil), 200, "fine", false, "INFO", "", ""},
		{"a success that nothing allowed", someKind, with("", nil),
			500, "InternalError", false, "ERROR", "InternalError", "InternalError"},
		{"an unrecorded one that nothing allowed", someKind, func(s *script) { s.Call, s.Unrecorded = b.call(""), true },
			500, "InternalError", false, "ERROR", "InternalError", none},
		{"an unrecorded one", someKind, func(s *script) { s.Call, s.Unrecorded = b.call(right), true },
			200, "fine", false, "INFO", "", none},
		{"a success of nobody", someKind, func(*script) {},
			500, "InternalError", false, "ERROR", "InternalError", none},
		{"one of nobody where that may be", front.Kind{Open: true}, func(*script) {},
			200, "fine", false, "INFO", "", none},
		{"one that machines ask for", front.Kind{Open: true, Quiet: true}, func(*script) {},
			200, "fine", false, "DEBUG", "", none},
		{"a refusal", someKind, with("", func() error { return denied }),
			403, "AccessDenied", false, "INFO", "AccessDenied", "AccessDenied"},
		{"a failure", someKind, with("", func() error { return errors.New("disk") }),
			500, "InternalError", false, "ERROR", "InternalError", "InternalError"},
		{"a panic", someKind, with("", func() error { panic("oh") }),
			500, "InternalError", false, "ERROR", "InternalError", "InternalError"},
		{"a panic for machines", front.Kind{Open: true, Quiet: true}, func(s *script) {
			s.answer = func() error { panic("oh") }
		},
			500, "InternalError", false, "ERROR", "InternalError", none},
		{"an abort", someKind, with("", func() error { panic(http.ErrAbortHandler) }),
			200, "", true, "ERROR", "InternalError", "InternalError"},
		{"an answer that cannot be written", someKind, func(s *script) {
			s.Call, s.send = b.call(right), func(http.ResponseWriter) error { return errors.New("no form for it") }
		}, 500, "InternalError", false, "ERROR", "InternalError", ""},
		{"an answer cut short", someKind, half(func() error { return errors.New("gone") }),
			200, "ha", true, "ERROR", "InternalError", ""},
		{"a panic half-way", someKind, half(func() error { panic("oh") }),
			200, "ha", true, "ERROR", "InternalError", ""},
		{"a panic in the refusal", someKind, func(s *script) {
			s.answer, s.refuse = func() error { return denied }, func() { panic("oh") }
		}, 200, "", true, "ERROR", "AccessDenied", none},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := len(b.Records(t))
			rec, cut, record := b.run(c.kind, c.prepare)
			if rec.Code != c.status || rec.Body.String() != c.body || cut != c.cut {
				t.Errorf("%d %s, cut %v", rec.Code, rec.Body, cut)
			}
			code, _ := record["code"].(string)
			if record["level"] != c.level || code != c.code || !strings.HasSuffix(b.counted[0], "Try "+c.code) {
				t.Errorf("logged %v, counted %q", record, b.counted)
			}
			events := b.Records(t)[before:]
			if (c.record == none) != (len(events) == 0) || len(events) > 1 {
				t.Errorf("recorded %+v", events)
			}
			if len(events) == 1 && (events[0].EventName != "Try" || string(events[0].ErrorCode) != c.record) {
				t.Errorf("recorded %+v", events)
			}
			if c.name == "a success of nobody" && !strings.Contains(record["error"].(string), "for nobody") {
				t.Errorf("logged %v", record)
			}
			if strings.Contains(c.name, "panic") &&
				(record["stack"] == nil || !strings.Contains(record["error"].(string), "oh")) {
				t.Errorf("the log does not tell of the panic: %v", record)
			}
		})
	}
}

// TestTheRecordIsKeptThoughTheClientIsGone checks that a request whose context has ended is recorded.
func TestTheRecordIsKeptThoughTheClientIsGone(t *testing.T) {
	b := newBench(t)
	before := len(b.Records(t))
	r := httptest.NewRequest("GET", "/", nil)
	ctx, leave := context.WithCancel(t.Context())
	rec := httptest.NewRecorder()
	s := &script{Exchange: b.frame.Begin(rec, r.WithContext(ctx), someKind), answer: func() error {
		leave()
		return fault.New(fault.Denied, "", "no")
	}}
	s.Call = b.call("")
	s.Serve(s)
	if events := b.Records(t)[before:]; len(events) != 1 || events[0].ErrorCode != "AccessDenied" {
		t.Errorf("recorded %+v", events)
	}
}

func TestPlain(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		name, body, code string
		status           int
		handler          http.HandlerFunc
	}{
		{"a page", "ok", "", 200, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }},
		{"a failure", "later\n", "ServiceUnavailable", 503, func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "later", http.StatusServiceUnavailable)
		}},
		{"a panic", "internal error\n", "InternalError", 500, func(http.ResponseWriter, *http.Request) { panic("oh") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			b.counted = nil
			rec := httptest.NewRecorder()
			b.frame.Plain(front.Kind{Service: "server", IDHeader: front.IDHeader, Open: true}, "GetIt", c.handler).ServeHTTP(rec,
				httptest.NewRequest("GET", "/", nil))
			if rec.Code != c.status || rec.Body.String() != c.body || len(b.counted) != 1 ||
				b.counted[0] != "server GetIt "+c.code {
				t.Errorf("%d %q, counted %q", rec.Code, rec.Body, b.counted)
			}
			if rec.Header().Get(front.IDHeader) == "" || rec.Header().Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("headers %v", rec.Header())
			}
		})
	}
}

func TestBrowsersTakeNoObjectForAPage(t *testing.T) {
	for _, c := range []struct{ pages, host, want string }{
		{"", "s3.example.org", "sandbox"},
		{"sign-in.example.org", "s3.example.org", ""},
		{"sign-in.example.org", "SIGN-IN.example.org.:8443", "sandbox"},
		{"127.0.0.1", "127.0.0.1:4242", "sandbox"},
		{"::1", "[::1]:4242", "sandbox"},
	} {
		for _, mode := range []string{"navigate", "cors", ""} {
			f := &front.Frame{PageHost: c.pages}
			rec, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
			r.Host = c.host
			r.Header.Set("Sec-Fetch-Mode", mode)
			f.Begin(rec, r, front.Kind{Objects: true})
			if got := rec.Header(); got.Get("Content-Security-Policy") != c.want ||
				got.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%+v, %s: %v", c, mode, got)
			}
		}
	}
}
