package credential

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const ringHeader = `# Latchkey key ring. Whoever can read this can make any credential.
# The first key seals, all keys open. To rotate: add a new key as second line on every node,
# then move it to the front on every node, then drop the old key after the longest session's life.
`

// ParseRing reads a ring from the text of a file or an environment variable. The text has keys in the form of
// [ParseKey], separated by white space or commas, the sealing key first. "#" begins a comment that runs to the end of
// its line. Errors name a key by its position, never by its text.
func ParseRing(text string) (*Ring, error) {
	var keys []Key
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		for _, f := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\r\n,", r) }) {
			k, err := ParseKey(f)
			if err != nil {
				return nil, fmt.Errorf("key %d of the key ring: %w", len(keys)+1, err)
			}
			keys = append(keys, k)
		}
	}
	return NewRing(keys...)
}

// Text is the ring in the form that [ParseRing] reads. The text is the secret itself.
func (r *Ring) Text() Secret {
	var b strings.Builder
	b.WriteString(ringHeader)
	for _, k := range r.Keys() {
		b.WriteString(k.Text().Reveal() + "\n")
	}
	return NewSecret(b.String())
}

// LoadRing reads a ring from a file. It refuses a file that its group or others may read or write.
func LoadRing(path string) (*Ring, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open key ring: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("open key ring: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("key ring %s is not a regular file", path)
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 {
		return nil, fmt.Errorf("key ring %s is open to others (%v): chmod 600 it", path, perm)
	}
	const limit = 64 << 10
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read key ring: %w", err)
	}
	if len(text) > limit {
		return nil, fmt.Errorf("key ring %s is larger than %d bytes", path, limit)
	}
	r, err := ParseRing(string(text))
	if err != nil {
		return nil, fmt.Errorf("key ring %s: %w", path, err)
	}
	return r, nil
}

// LoadOrCreateRing reads a ring from a file, or writes a new ring to it if the file does not exist. If several
// processes do so at the same time, one of them makes the ring and all get it.
func LoadOrCreateRing(path string) (*Ring, error) {
	r, err := LoadRing(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return r, err
	}
	if r, err = NewRing(NewKey()); err != nil {
		return nil, err
	}
	if err := r.write(path, os.Link); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return LoadRing(path)
}

// Save replaces the file by the ring, atomically and durably. Only the owner may read the file.
func (r *Ring) Save(path string) error { return r.write(path, os.Rename) }

// write writes a temporary file beside path and calls install to move it to path.
func (r *Ring) write(path string, install func(from, to string) error) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".keyring-*") // 0600
	if err != nil {
		return fmt.Errorf("write key ring: %w", err)
	}
	defer func() {
		f.Close()
		os.Remove(f.Name())
		if err != nil {
			err = fmt.Errorf("write key ring: %w", err)
		}
	}()
	if _, err := f.WriteString(r.Text().Reveal()); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := install(f.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
