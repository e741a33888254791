package events_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/events"
)

// records makes a batch of records with these ids.
func records(t *testing.T, ids ...string) (all []events.Record) {
	t.Helper()
	for _, id := range ids {
		e := event(id)
		line, err := e.JSON()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, events.Record{Event: e, JSON: line})
	}
	return all
}

func write(t *testing.T, s events.Sink, ids ...string) {
	t.Helper()
	if err := s.Write(t.Context(), records(t, ids...)); err != nil {
		t.Fatal(err)
	}
}

// ids reads the ids of the records in some files.
func ids(t *testing.T, paths ...string) string {
	t.Helper()
	var all []string
	for _, path := range paths {
		for _, e := range read(t, path) {
			all = append(all, e.EventID)
		}
	}
	return strings.Join(all, " ")
}

func open(t *testing.T, o events.FileOptions) *events.File {
	t.Helper()
	f, err := events.OpenFile(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func rotatedOf(t *testing.T, f *events.File) []string {
	t.Helper()
	old, err := f.Rotated()
	if err != nil {
		t.Fatal(err)
	}
	return old
}

func TestAFileRotatesByItsSize(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	stopped := time.Date(2026, 11, 30, 20, 0, 0, 0, time.UTC) // names must differ even if the clock stands
	f := open(t, events.FileOptions{Path: path, MaxSize: 1, Keep: 2, Now: func() time.Time { return stopped }})
	for i := range 5 {
		write(t, f, fmt.Sprint(i))
	}
	if got := ids(t, append(rotatedOf(t, f), path)...); got != "2 3 4" {
		t.Errorf("kept are %s", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

func TestAFileRotatesByItsAge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	now := event("").EventTime
	f := open(t, events.FileOptions{Path: path, MaxAge: time.Hour, Now: func() time.Time { return now }})
	write(t, f, "a")
	now = now.Add(59 * time.Minute)
	write(t, f, "b")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f = open(t, events.FileOptions{Path: path, MaxAge: time.Hour, Now: func() time.Time { return now }})
	now = now.Add(time.Minute) // the age counts from the first record, also after a restart
	write(t, f, "c")
	if old := rotatedOf(t, f); len(old) != 1 || ids(t, old[0]) != "a b" || ids(t, path) != "c" {
		t.Errorf("%v", old)
	}
}

func TestOnlyRotatedFilesAreRemoved(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "events.jsonl")
	others := []string{"events.jsonl.bak", "events.jsonl.20261130", "events.jsonlx.20261130T200000.000000000Z", "other"}
	for _, name := range others {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := open(t, events.FileOptions{Path: path, MaxSize: 1, Keep: 1})
	for i := range 4 {
		write(t, f, fmt.Sprint(i))
	}
	for _, name := range others {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if old := rotatedOf(t, f); len(old) != 1 {
		t.Errorf("%v", old)
	}
}

func TestAFileThatSomebodyElseRotatesIsOpenedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	f := open(t, events.FileOptions{Path: path})
	write(t, f, "a")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	write(t, f, "b")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	write(t, f, "c")
	if ids(t, path+".1") != "a" || ids(t, path) != "c" {
		t.Error(ids(t, path+".1"), ids(t, path))
	}
}

// TestALineThatACrashCutEndsThere: the records after it can be read.
func TestALineThatACrashCutEndsThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	if err := os.WriteFile(path, []byte(`{"eventID":"whole"}`+"\n"+`{"eventID":"ha`), 0o600); err != nil {
		t.Fatal(err)
	}
	write(t, open(t, events.FileOptions{Path: path}), "next", "last")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(lines) != 4 || lines[1] != `{"eventID":"ha` || !strings.Contains(lines[2], `"eventID":"next"`) {
		t.Errorf("%q", lines)
	}
}

func TestAFileThatCannotBeWrittenIsFoundAtTheStart(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{filepath.Join(dir, "none", "events"), dir, "/dev/null"} {
		if f, err := events.OpenFile(events.FileOptions{Path: path}); err == nil {
			_ = f.Close()
			t.Errorf("%s can be opened", path)
		}
	}
}

// TestAWriteThatFailsLeavesNoHalfLine: the records come again, and must not be there twice.
func TestAWriteThatFailsLeavesNoHalfLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	f := open(t, events.FileOptions{Path: path})
	write(t, f, "a")
	restore := limitFileSize(t, 1000)
	err := f.Write(t.Context(), records(t, "b", strings.Repeat("c", 2000)))
	restore()
	if err == nil {
		t.Fatal("more was written than the system allows")
	}
	write(t, f, "b", "c")
	if got := ids(t, path); got != "a b c" {
		t.Errorf("the file has %s", got)
	}
}

func TestRotationUnderLoadLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	f, err := events.OpenFile(events.FileOptions{Path: path, MaxSize: 20_000})
	if err != nil {
		t.Fatal(err)
	}
	r, stop := run(t, events.Options{
		Pipes: []events.Pipe{{Name: "file", Sink: f, Linger: time.Millisecond, Enough: 4 << 10}},
	}, time.Minute)
	const writers, each = 8, 400
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			for j := range each {
				r.Record(nil, event(fmt.Sprintf("%d/%d", i, j)))
			}
		})
	}
	moved := 0 // another program that rotates, too
	for ; moved < 3; moved++ {
		err := os.Rename(path, fmt.Sprintf("%s.moved-%d", path, moved))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	all.Wait()
	stop()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, e := range entries {
		for _, one := range read(t, filepath.Join(filepath.Dir(path), e.Name())) {
			seen[one.EventID]++
		}
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s is there %d times", id, n)
		}
	}
	if len(seen) != writers*each || len(entries) < 10 {
		t.Errorf("%d records in %d files", len(seen), len(entries))
	}
}
