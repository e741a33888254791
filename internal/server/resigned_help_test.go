package server

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/store"
)

// ground is where the worlds of a fuzz target stand. A world lives shorter than the target, so ground ends it.
type ground struct {
	testing.TB
	ends []func()
}

func (g *ground) Helper()                   {}
func (g *ground) Context() context.Context  { return context.Background() }
func (g *ground) Cleanup(f func())          { g.ends = append(g.ends, f) }
func (g *ground) Fatal(args ...any)         { panic(fmt.Sprint(args...)) }
func (g *ground) Errorf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }
func (g *ground) Fatalf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }

func (g *ground) TempDir() string {
	dir, err := os.MkdirTemp("", "resigned")
	if err != nil {
		panic(err)
	}
	g.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (g *ground) end() {
	for _, f := range slices.Backward(g.ends) {
		f()
	}
	g.ends = nil
}

// siege is a server under attack.
type siege struct {
	ground  *ground
	world   *walkWorld
	rows    []row
	log     *lineLog
	audited int64 // the id of the last audit record that was looked at
	sent    int   // to this world
	worst   worst
}

// begin makes a world. A world changes under attack: what the rows need is deleted in the end.
func (s *siege) begin() {
	if s.world != nil {
		s.ground.end()
	}
	s.log = &lineLog{}
	s.world = newWalkWorld(s.ground, slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.rows, s.sent, s.audited = s.world.walk(), 0, 0
	s.world.seeded["idp"] = s.world.idp.URL
}

// masked replaces what only this world knows by its name, so that an input means the same in every world.
func (s *siege) masked(text string) string {
	names := slices.SortedFunc(maps.Keys(s.world.seeded), func(a, b string) int {
		return cmp.Or(len(s.world.seeded[b])-len(s.world.seeded[a]), strings.Compare(a, b))
	})
	for _, n := range names {
		id := s.world.seeded[n]
		if len(id) < 6 {
			continue
		}
		text = strings.ReplaceAll(text, id, "{{"+n+"}}")
		text = strings.ReplaceAll(text, url.QueryEscape(id), "{{"+n+"|q}}")
	}
	return text
}

func (s *siege) unmasked(text string) string {
	if !strings.Contains(text, "{{") {
		return text
	}
	for n, id := range s.world.seeded {
		text = strings.ReplaceAll(text, "{{"+n+"}}", id)
		text = strings.ReplaceAll(text, "{{"+n+"|q}}", url.QueryEscape(id))
	}
	return text
}

// addresses are the URLs in a text. A server that is told of others would connect to them.
var addresses = regexp.MustCompile(`(?i)https?(:|%3A)(/|%2F)*[^"<>&\s{}]*`)

// lineLog looks at the lines of a log.
type lineLog struct {
	mu      sync.Mutex
	longest int
	alarm   string // a line that tells of a panic
	steps   int    // that the last request took, if the log says so
}

func (l *lineLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.longest = max(l.longest, len(line))
	if bytes.Contains(line, []byte("panic")) || bytes.Contains(line, []byte(`"stack"`)) {
		l.alarm = string(line)
	}
	var said struct{ Steps int }
	if json.Unmarshal(line, &said) == nil && said.Steps > 0 {
		l.steps = said.Steps
	}
	return len(line), nil
}

// take returns what was seen since the last call.
func (l *lineLog) take() (longest, steps int, alarm string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	longest, steps, alarm = l.longest, l.steps, l.alarm
	l.longest, l.steps, l.alarm = 0, 0, ""
	return longest, steps, alarm
}

// longestRecord is the length of the longest audit record since the last call.
func (s *siege) longestRecord() (longest int, err error) {
	all, err := s.world.server.db.Events(context.Background(), store.AuditFilter{After: s.audited, Limit: 100})
	for _, r := range all {
		type asItIs audit.Event // without the method that clips
		text, err := json.Marshal(asItIs(r.Event))
		if err != nil {
			return 0, err
		}
		longest, s.audited = max(longest, len(text)), r.ID
	}
	return longest, err
}

// worst has the most that one request took. It is written to the file that FUZZ_RESIGNED_REPORT names.
type worst struct {
	Requests                      int
	Steps, Sent, Answer, Log, Row int // steps of policy evaluation, if the log says; bytes
	CPU, Took                     time.Duration
	CPUOf, TookOf                 string
}

func (w *worst) report() {
	path := os.Getenv("FUZZ_RESIGNED_REPORT")
	if path == "" || w.Requests == 0 {
		return
	}
	text, err := json.MarshalIndent(struct {
		worst
		CPUSeconds, TookSeconds float64
	}{*w, w.CPU.Seconds(), w.Took.Seconds()}, "", "  ")
	if err != nil || os.WriteFile(fmt.Sprintf("%s.%d", path, os.Getpid()), text, 0o600) != nil {
		panic("the report cannot be written")
	}
}

// cpu is the processor time that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
