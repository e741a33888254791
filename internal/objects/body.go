package objects

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"hash"
	"io"
	"net/http"
	"os"
	"strings"

	"latchkey/internal/fault"
)

const (
	bufferSize = 256 << 10 // what one transfer holds in memory
	maxInline  = 16 << 10  // content up to this size lives in its row, so that one commit makes many of them durable

	// MaxPutSize is the largest body of one PutObject or UploadPart, and the largest source of one copy, in bytes.
	MaxPutSize = 5 << 30
)

// Body is the content of an object or a part on its way in, and what the client said about it.
type Body struct {
	io.Reader           // may have Trailer() http.Header, valid after the end
	Length     int64    // announced length in bytes; negative if unknown
	ContentMD5 string   // base64, empty if not given
	Sum        Checksum // the Value is empty when a trailer brings it, or when the store shall compute it
	Trailing   bool     // a trailer must bring the checksum
}

// trailing is a body with trailers.
type trailing interface{ Trailer() http.Header }

// piece is content that has arrived: in a durable blob that no row names yet, or in data.
type piece struct {
	size int64
	md5  []byte
	sum  []byte // of the algorithm that was asked to be stored
	blob string
	data []byte
}

// discard removes the blob of a piece that no row will name.
func (s *Store) discard(p piece) {
	if p.blob != "" {
		s.unlink([]string{p.blob})
		s.blobs.loose.Add(-1)
	}
}

// settle ends the time in which no row names the piece's blob, after the write that was to name it. After an uncertain
// commit a row may yet turn out to name the blob. Then the blob stays, and the sweep of the next start decides.
func (s *Store) settle(p piece, err error) {
	switch _, unknown := errors.AsType[uncertain](err); {
	case err == nil:
		s.adopt(p)
	case unknown && p.blob != "": // its name stays in use
		s.blobs.leaked.Store(true)
		s.blobs.loose.Add(-1)
	default:
		s.discard(p)
	}
}

// adopt records that a row names the piece's blob now.
func (s *Store) adopt(p piece) {
	if p.blob != "" {
		s.blobs.loose.Add(-1)
		s.blobs.release(p.blob)
	}
}

// receive reads a body to its end, checks it against everything that the client said about it, and makes its blob
// durable. If it fails, it stores nothing. The piece has a checksum by the algorithm store. The caller must settle the
// piece.
func (s *Store) receive(b Body, store Algorithm) (p piece, err error) {
	if b.Length > MaxPutSize {
		return piece{}, tooLarge(b.Length)
	}
	want, err := b.expectations()
	if err != nil {
		return piece{}, err
	}
	sums := map[Algorithm]hash.Hash{store: store.new()}
	if a := b.Sum.Algorithm; a != "" && a != store {
		sums[a] = a.new()
	}
	digest := md5.New()

	in := &inflow{s: s, to: []io.Writer{digest}}
	for _, h := range sums {
		in.to = append(in.to, h)
	}
	defer func() {
		if err != nil {
			in.undo()
		}
	}()
	if err := in.copy(b); err != nil {
		return piece{}, err
	}
	if b.Length >= 0 && in.size != b.Length {
		return piece{}, incomplete()
	}
	p = piece{size: in.size, md5: digest.Sum(nil), data: in.data}
	if want.md5 != nil && !bytes.Equal(want.md5, p.md5) {
		return piece{}, badDigest()
	}
	if b.Sum.Algorithm != "" {
		if b.Trailing {
			if want.sum, err = b.trailingSum(); err != nil {
				return piece{}, err
			}
		}
		if want.sum != nil && !bytes.Equal(want.sum, sums[b.Sum.Algorithm].Sum(nil)) {
			return piece{}, badChecksum(b.Sum.Algorithm)
		}
	}
	p.sum = sums[store].Sum(nil)
	p.blob, err = in.finish()
	return p, storageFault(err)
}

// expected is what the headers say about a body.
type expected struct{ md5, sum []byte }

func (b Body) expectations() (e expected, err error) {
	if b.ContentMD5 != "" {
		e.md5, err = base64.StdEncoding.DecodeString(b.ContentMD5)
		if err != nil || len(e.md5) != md5.Size {
			return e, fault.New(fault.Invalid, fault.ContentMD5, "The Content-MD5 you specified was invalid.")
		}
	}
	if b.Sum.Algorithm != "" && !b.Sum.Algorithm.known() {
		return e, notServed(b.Sum.Algorithm.Header())
	}
	if b.Sum.Value != "" {
		e.sum, err = parseSum(b.Sum.Algorithm, b.Sum.Value)
	}
	return e, err
}

// trailingSum is the announced checksum from the body's trailers.
func (b Body) trailingSum() ([]byte, error) {
	if t, ok := b.Reader.(trailing); ok {
		for name, values := range t.Trailer() {
			if strings.EqualFold(name, b.Sum.Algorithm.Header()) && len(values) == 1 {
				return parseSum(b.Sum.Algorithm, values[0])
			}
		}
	}
	return nil, fault.New(fault.Malformed, fault.Header,
		"The request contained trailing data that was not well-formed or did not conform to our published schema.")
}

func tooLarge(size int64) error {
	return fault.New(fault.TooLarge, fault.ObjectSize, "Your proposed upload exceeds the maximum allowed size").
		With("ProposedSize", itoa(size)).With("MaxSizeAllowed", itoa(MaxPutSize))
}

// inflow receives the bytes of a body. Up to maxInline bytes stay in memory. If there are more, all of them go into a
// blob.
type inflow struct {
	s    *Store
	to   []io.Writer // the hashes; they never fail
	size int64
	data []byte // the whole content, if it stays inline
	file *os.File
	name string
}

func (in *inflow) copy(r io.Reader) error {
	pooled := in.s.buffers.Get().(*[]byte)
	defer in.s.buffers.Put(pooled)
	buf := *pooled
	if r == nil {
		r = strings.NewReader("")
	}
	for {
		n, err := io.ReadFull(onlyReader{r}, buf)
		// Only io.EOF itself is the end: an error that wraps it is a body that was cut off.
		last := err == io.EOF || err == io.ErrUnexpectedEOF
		if err != nil && !last {
			return bodyFault(err)
		}
		if in.size+int64(n) > MaxPutSize {
			return tooLarge(in.size + int64(n))
		}
		for _, w := range in.to {
			w.Write(buf[:n])
		}
		if in.size == 0 && last && n <= maxInline {
			in.data, in.size = append(make([]byte, 0, n), buf[:n]...), int64(n)
			return nil
		}
		if err := in.write(buf[:n]); err != nil {
			return storageFault(err)
		}
		if last {
			return nil
		}
	}
}

// onlyReader replaces an io.ErrUnexpectedEOF that the body's reader returns, so that it is not taken for the one that
// io.ReadFull returns at a short end.
type onlyReader struct{ r io.Reader }

func (o onlyReader) Read(p []byte) (int, error) {
	n, err := o.r.Read(p)
	if err == io.ErrUnexpectedEOF {
		err = incomplete().Because(err)
	}
	return n, err
}

func (in *inflow) write(p []byte) (err error) {
	if in.file == nil {
		in.s.blobs.loose.Add(1)
		if in.file, in.name, err = in.s.blobs.create(); err != nil {
			in.s.blobs.loose.Add(-1)
			return err
		}
	}
	n, err := in.file.Write(p)
	in.size += int64(n)
	return err
}

// finish makes the blob durable and returns its name, empty for inline content.
func (in *inflow) finish() (string, error) {
	if in.file == nil {
		return "", nil
	}
	return in.name, in.s.blobs.finish(in.file, in.name)
}

func (in *inflow) undo() {
	if in.file != nil {
		in.file.Close()
		in.s.discard(piece{blob: in.name})
	}
}
