package events

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"latchkey/internal/audit"
)

// FileOptions say where records are written, and when a file is followed by the next one.
type FileOptions struct {
	Path    string        // of the file that is written; its folder must exist
	MaxSize int64         // bytes after which the file is rotated; a single batch may exceed it. 0: no bound
	MaxAge  time.Duration // after which a file that has records is rotated; 0: never
	Keep    int           // rotated files that are kept; 0: all
	NoSync  bool          // leave it to the operating system when records reach the disk
	Now     func() time.Time
}

// File is a sink of JSON lines in a file that rotates. A rotated file has the file's name, a dot and the time of the
// rotation. Another program may rename or remove the file at any time: the next batch goes into a new one.
type File struct {
	o     FileOptions
	f     *os.File
	size  int64     // bytes of whole lines in f
	began time.Time // when the first record came into f
	bad   bool      // f may end with a part of a line
}

// rotated is the form of the time in the name of a rotated file. Names sort like times.
const rotated = "20060102T150405.000000000Z"

// OpenFile opens the file, or makes it, so that a wrong path is found at the start.
func OpenFile(o FileOptions) (*File, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &File{o: o}
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("open the file of data events: %w", err)
	}
	return s, nil
}

// open opens the file at the path. If a crash left a part of a line at its end, the next record begins on a new line.
func (s *File) open() error {
	f, err := os.OpenFile(s.o.Path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", s.o.Path)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	s.f, s.size, s.bad, s.began = f, info.Size(), false, s.o.Now()
	if s.size == 0 {
		return s.syncFolder()
	}
	s.began = firstTime(f, info.ModTime())
	last := make([]byte, 1)
	if _, err := f.ReadAt(last, s.size-1); err != nil || last[0] != '\n' {
		s.bad = true
	}
	return nil
}

// firstTime is the time of the first record of a file, or else if that cannot be read.
func firstTime(f io.ReaderAt, otherwise time.Time) time.Time {
	var first struct{ EventTime time.Time }
	err := json.NewDecoder(io.NewSectionReader(f, 0, audit.MaxRecord)).Decode(&first)
	if err != nil || first.EventTime.IsZero() {
		return otherwise
	}
	return first.EventTime
}

// Write appends the records, and waits until they are on the disk.
func (s *File) Write(_ context.Context, batch []Record) error {
	if err := s.ready(); err != nil {
		return err
	}
	var b bytes.Buffer
	if s.bad {
		b.WriteByte('\n')
	}
	for i := range batch {
		b.Write(batch[i].JSON)
		b.WriteByte('\n')
	}
	if s.size == 0 {
		s.began = s.o.Now()
	}
	n, err := s.f.Write(b.Bytes())
	if err == nil && !s.o.NoSync {
		err = s.f.Sync()
	}
	if err != nil {
		return errors.Join(err, s.undo(n))
	}
	s.size, s.bad = s.size+int64(n), false
	return nil
}

// undo takes back a write that failed, because the same records come again.
func (s *File) undo(n int) error {
	if n == 0 {
		return nil
	}
	if err := s.f.Truncate(s.size); err != nil {
		s.bad = true
		return err
	}
	return nil
}

// ready makes sure that the file at the path is open and not yet due for rotation.
func (s *File) ready() error {
	if s.f != nil && !s.inPlace() { // somebody else has rotated it
		if err := s.closeFile(); err != nil {
			return err
		}
	}
	if s.f == nil {
		if err := s.open(); err != nil {
			return err
		}
	}
	full := s.o.MaxSize > 0 && s.size >= s.o.MaxSize
	old := s.o.MaxAge > 0 && s.o.Now().Sub(s.began) >= s.o.MaxAge
	if s.size == 0 || !full && !old {
		return nil
	}
	if err := s.rotate(); err != nil {
		return err
	}
	return s.open()
}

// inPlace reports whether the open file is still the one at the path.
func (s *File) inPlace() bool {
	open, err := s.f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(s.o.Path)
	return err == nil && os.SameFile(open, there)
}

// closeFile ends the open file. All its records were synced already, unless the options leave that to the operating
// system.
func (s *File) closeFile() error {
	f := s.f
	s.f = nil
	var err error
	if !s.o.NoSync {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// rotate renames the file, and removes the oldest ones. A name is later than those of all rotated files, even if the
// clock is not.
func (s *File) rotate() error {
	if err := s.closeFile(); err != nil {
		return err
	}
	old, err := s.Rotated()
	if err != nil {
		return err
	}
	at := s.o.Now().UTC()
	if len(old) > 0 {
		last := old[len(old)-1]
		before, err := time.Parse(rotated, last[len(last)-len(rotated):])
		if err == nil && !at.After(before) {
			at = before.Add(1)
		}
	}
	if err := os.Rename(s.o.Path, s.o.Path+"."+at.Format(rotated)); err != nil {
		return err
	}
	return errors.Join(s.syncFolder(), s.prune())
}

// prune removes the oldest rotated files.
func (s *File) prune() error {
	if s.o.Keep <= 0 {
		return nil
	}
	old, err := s.Rotated()
	if err != nil {
		return err
	}
	for i := 0; i < len(old)-s.o.Keep; i++ {
		if err := os.Remove(old[i]); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Rotated returns the rotated files, the oldest first.
func (s *File) Rotated() (all []string, err error) {
	dir, base := filepath.Split(s.o.Path)
	entries, err := os.ReadDir(filepath.Clean(dir + "."))
	if err != nil {
		return nil, err
	}
	for _, e := range entries { // ReadDir sorts them by name
		name := e.Name()
		at, ok := strings.CutPrefix(name, base+".")
		if _, err := time.Parse(rotated, at); ok && err == nil {
			all = append(all, filepath.Join(dir, name))
		}
	}
	return all, nil
}

// syncFolder makes the file's name durable.
func (s *File) syncFolder() error {
	if s.o.NoSync {
		return nil
	}
	d, err := os.Open(filepath.Dir(s.o.Path))
	if err != nil {
		return err
	}
	err = d.Sync()
	return errors.Join(err, d.Close())
}

// Close ends the file.
func (s *File) Close() error {
	if s.f == nil {
		return nil
	}
	return s.closeFile()
}
