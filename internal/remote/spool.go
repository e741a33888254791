package remote

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"os"
	"strings"

	"latchkey/internal/awswire"
	"latchkey/internal/fault"
	"latchkey/internal/upstream"
)

// maxInMemory is how much of a body of unknown length is kept in memory. The rest is kept in a file.
const maxInMemory = 1 << 20

// body prepares the body of a call. It keeps one of unknown length until its end.
func (s *Store) body(b *upstream.Body) (*sending, error) {
	if b == nil {
		b = &upstream.Body{Reader: http.NoBody}
	}
	if b.Length < 0 {
		return s.keep(b)
	}
	out := newSending(b, b.Length)
	out.frame = s.options.Frame && !s.options.NoTrailers
	if err := out.checkAnnounced(); err != nil {
		return nil, err
	}
	if s.options.NoTrailers && len(out.announced) > 0 {
		return out, out.compareHere()
	}
	return out, nil
}

// keep reads a body of unknown length to its end. Its checksum is known then, and travels in a header.
func (s *Store) keep(b *upstream.Body) (*sending, error) {
	k := &kept{store: s}
	kept := newSending(b, 0)
	kept.frame = s.options.Frame && !s.options.NoTrailers
	if err := kept.checkAnnounced(); err != nil {
		return nil, err
	}
	if err := k.copy(b.Reader); err != nil {
		k.close()
		return nil, kept.fail(err)
	}
	if err := kept.checkTrailers(); err != nil {
		k.close()
		return nil, err
	}
	if len(kept.announced) > 0 {
		name := kept.announced[0]
		kept.headers = map[string]string{name: kept.trailers().Get(name)}
		kept.announced = nil
	}
	kept.src, kept.length, kept.waits, kept.close = k.reader(), k.size, false, k.close
	return kept, nil
}

// kept is a body of unknown length: its first bytes in memory, the others in a file.
type kept struct {
	store  *Store
	memory bytes.Buffer
	file   *os.File
	size   int64
	booked int64 // of Limits.MaxSpool
}

func (k *kept) copy(from io.Reader) error {
	buf := buffers.get(maxInMemory)
	defer buffers.put(buf)
	for empty := 0; ; {
		n, err := from.Read(*buf)
		if n > 0 {
			empty = 0
			if failed := k.write((*buf)[:n]); failed != nil {
				return failed
			}
		} else if empty++; empty > maxEmptyReads {
			return io.ErrNoProgress
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (k *kept) write(p []byte) error {
	if k.file == nil && k.size+int64(len(p)) <= maxInMemory {
		k.memory.Write(p)
		k.size += int64(len(p))
		return nil
	}
	if k.file == nil {
		f, err := os.CreateTemp("", "latchkey-body-")
		if err != nil {
			return noSpool(err)
		}
		k.file = f
		if err := os.Remove(f.Name()); err != nil { // the file goes when it is closed, whatever becomes of us
			return noSpool(err)
		}
	}
	k.booked += int64(len(p))
	if k.store.spooled.Add(int64(len(p))) > k.store.limits.MaxSpool {
		return fault.New(fault.Invalid, fault.ContentLength, "You must provide the Content-Length HTTP header.")
	}
	if _, err := k.file.Write(p); err != nil {
		return noSpool(err)
	}
	k.size += int64(len(p))
	return nil
}

func noSpool(err error) error {
	return fault.New(fault.LimitExceeded, fault.Storage, "There is no space for a body of unknown length.").Because(err)
}

// reader reads what was kept, from its beginning.
func (k *kept) reader() io.Reader {
	memory := bytes.NewReader(k.memory.Bytes())
	if k.file == nil {
		return memory
	}
	return io.MultiReader(memory, io.NewSectionReader(k.file, 0, k.size-int64(k.memory.Len())))
}

func (k *kept) close() {
	k.store.spooled.Add(-k.booked)
	k.booked = 0
	if k.file != nil {
		_ = k.file.Close()
	}
}

// compareHere compares the checksum that comes behind a body here, because the store does not know the framing.
func (b *sending) compareHere() error {
	name := b.announced[0]
	algorithm := strings.TrimPrefix(name, checksumPrefix)
	sum := awswire.NewChecksum(algorithm)
	if sum == nil {
		return fault.New(fault.Unsupported, fault.Header, "The checksum algorithm %s is not supported.", algorithm)
	}
	b.src = io.TeeReader(b.src, sum)
	b.compare = func() error {
		want := b.trailers().Get(name)
		if got := base64.StdEncoding.EncodeToString(sum.Sum(nil)); got != want {
			return fault.New(fault.Invalid, fault.Checksum,
				"The %s you specified did not match the calculated checksum.", strings.ToUpper(algorithm))
		}
		return nil
	}
	return nil
}
