package objects

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"latchkey/internal/fault"
)

// Get is a request to read an object, or the part of it that Range or Part names.
type Get struct {
	Bucket, Key string
	Range       string // a Range header; empty for the whole object
	Part        int    // a part number; 0 for the whole object
	If          Conditions
}

// Content is an object that is being read. Close it.
type Content struct {
	Object
	Offset, Length int64 // which bytes of the object these are
	Partial        bool  // whether a range or a part was asked for, even if it is all there is
	PartChecksum   Checksum

	pieces []piece // what is left to read; the first from skip
	skip   int64
	left   int64
	file   *os.File
	s      *Store
	unpin  func()
}

// Head returns what Get would, without the bytes: the Content has none and need not be closed.
func (s *Store) Head(ctx context.Context, in Get) (*Content, error) {
	return retry(ctx, func() (*Content, error) { return s.head(ctx, in) })
}

func (s *Store) head(ctx context.Context, in Get) (*Content, error) {
	o, err := s.lookup(ctx, in.Bucket, in.Key)
	if err != nil {
		return nil, err
	}
	if err := in.If.checkRead(o); err != nil {
		return nil, err
	}
	c := &Content{Object: o, s: s}
	if err := s.locate(ctx, c, in); err != nil {
		return nil, err
	}
	return c, nil
}

// Get opens an object. It checks the conditions before the range, and both against the object whose bytes follow. A
// writer that replaces the object meanwhile does not disturb the reader.
func (s *Store) Get(ctx context.Context, in Get) (*Content, error) {
	return retry(ctx, func() (*Content, error) { return s.get(ctx, in) })
}

func retry(ctx context.Context, look func() (*Content, error)) (*Content, error) {
	for {
		c, err := look()
		if !errors.Is(err, errReplaced) {
			return c, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

// errReplaced says that the object was replaced between two queries.
var errReplaced = errors.New("the object was replaced while it was opened")

func (s *Store) get(ctx context.Context, in Get) (*Content, error) {
	c, only, err := s.openPinned(ctx, in)
	if err != nil {
		return nil, err
	}
	if err := c.prepare(ctx, in, only); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// openPinned finds the object and pins its content. only is the object's piece, if the object came in one.
func (s *Store) openPinned(ctx context.Context, in Get) (c *Content, only piece, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	o, only, err := s.lookupContent(ctx, in.Bucket, in.Key)
	if err != nil {
		return nil, piece{}, err
	}
	return &Content{Object: o, s: s, unpin: s.pin(o.content)}, only, nil
}

func (c *Content) prepare(ctx context.Context, in Get, only piece) (err error) {
	if err := in.If.checkRead(c.Object); err != nil {
		return err
	}
	if c.Parts == 0 {
		c.pieces = []piece{only}
	} else if c.pieces, err = c.s.pieces(ctx, c.content); err != nil {
		return err
	} else if len(c.pieces) != c.Parts {
		return errReplaced
	}
	if err := c.s.locate(ctx, c, in); err != nil {
		return err
	}
	c.seek()
	return c.openFirst()
}

// pieces lists the pieces of a multipart object in order.
func (s *Store) pieces(ctx context.Context, content int64) ([]piece, error) {
	st, err := s.read(ctx, `SELECT size, blob, data FROM pieces WHERE content = ? ORDER BY number`)
	if err != nil {
		return nil, err
	}
	rows, err := st.QueryContext(ctx, content)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []piece
	for rows.Next() {
		var p piece
		var blob sql.NullString
		if err := rows.Scan(&p.size, &blob, &p.data); err != nil {
			return nil, err
		}
		p.blob = blob.String
		all = append(all, p)
	}
	return all, rows.Err()
}

// locate computes which bytes the request asks for.
func (s *Store) locate(ctx context.Context, c *Content, in Get) error {
	c.Length = c.Size
	switch {
	case in.Part != 0 && in.Range != "":
		return invalidRequest("Cannot specify both Range header and partNumber query parameter")
	case in.Part != 0:
		if in.Part < 1 || in.Part > maxPartNumber {
			return badArgument("partNumber", itoa(int64(in.Part)),
				"Part number must be an integer between 1 and 10000, inclusive")
		}
		return s.locatePart(ctx, c, in.Part)
	case in.Range != "":
		sp, whole, err := parseRange(in.Range, c.Size)
		if err != nil {
			return err
		}
		c.Offset, c.Length, c.Partial = sp.offset, sp.length, !whole
	}
	return nil
}

func (s *Store) locatePart(ctx context.Context, c *Content, number int) error {
	none := fault.New(fault.Range, fault.Part, "The requested partnumber is not satisfiable").With("ActualPartCount",
		itoa(int64(max(c.Parts, 1))))
	if c.Parts == 0 {
		if number != 1 {
			return none
		}
		c.PartChecksum, c.Partial = c.Checksum, c.Size > 0 // there is no Content-Range of nothing
		return nil
	}
	st, err := s.read(ctx, `SELECT sum(CASE WHEN number < ?2 THEN size ELSE 0 END),
		max(CASE WHEN number = ?2 THEN size END), max(CASE WHEN number = ?2 THEN sum END), count(*)
		FROM pieces WHERE content = ?1`)
	if err != nil {
		return err
	}
	var offset, length sql.NullInt64
	var sum []byte
	var count int
	if err := st.QueryRowContext(ctx, c.content, number).Scan(&offset, &length, &sum, &count); err != nil {
		return err
	}
	switch {
	case count == 0:
		return errReplaced
	case !length.Valid:
		return none
	}
	c.Offset, c.Length, c.Partial = offset.Int64, length.Int64, length.Int64 > 0
	if c.Checksum.Type == Composite {
		c.PartChecksum = Checksum{
			Algorithm: c.Checksum.Algorithm,
			Type:      Composite,
			Value:     base64.StdEncoding.EncodeToString(sum),
		}
	}
	return nil
}

// seek skips the pieces outside of the requested bytes.
func (c *Content) seek() {
	c.skip, c.left = c.Offset, c.Length
	first := 0
	for first < len(c.pieces) && c.skip >= c.pieces[first].size {
		c.skip -= c.pieces[first].size
		first++
	}
	c.pieces = slices.Clip(c.pieces[first:])
}

// narrow limits a content to a run of its bytes. Nothing of the content may have been read.
func (c *Content) narrow(sp span) error {
	if err := c.closeFile(); err != nil {
		return err
	}
	c.Offset, c.Length, c.Partial = sp.offset, sp.length, true
	c.seek()
	return c.openFirst()
}

// openFirst opens the blob of the first piece. A blob that is missing so fails the request before its answer has begun.
func (c *Content) openFirst() error {
	if c.left == 0 || len(c.pieces) == 0 || c.pieces[0].blob == "" {
		return nil
	}
	f, err := c.s.blobs.open(c.pieces[0].blob)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("the blob of object content %d is missing: %w", c.content, err)
		}
		return err
	}
	if c.skip > 0 {
		if _, err := f.Seek(c.skip, io.SeekStart); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	c.file = f
	return nil
}

// next makes the first piece readable. in is the source of its bytes, n how many of them are requested.
func (c *Content) next() (in io.Reader, n int64, err error) {
	p := c.pieces[0]
	n = min(p.size-c.skip, c.left)
	if p.blob == "" {
		if int64(len(p.data)) != p.size {
			return nil, 0, c.short()
		}
		return &sliceReader{c, p.data[c.skip : c.skip+n]}, n, nil
	}
	if c.file == nil {
		if err := c.openFirst(); err != nil {
			return nil, 0, err
		}
	}
	return c.file, n, nil
}

// sliceReader reads inline content. It is a type of its own so that WriteTo can hand the whole slice to the writer.
type sliceReader struct {
	c    *Content
	rest []byte
}

func (r *sliceReader) Read(p []byte) (int, error) {
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// advance counts n bytes of the first piece as read.
func (c *Content) advance(n int64) error {
	c.skip += n
	c.left -= n
	if len(c.pieces) > 0 && c.skip == c.pieces[0].size {
		c.pieces, c.skip = c.pieces[1:], 0
		return c.closeFile()
	}
	return nil
}

// Read reads the next bytes.
func (c *Content) Read(p []byte) (int, error) {
	for c.left > 0 && len(c.pieces) > 0 && c.pieces[0].size == 0 {
		c.pieces = c.pieces[1:]
	}
	if c.left <= 0 || len(c.pieces) == 0 {
		return 0, io.EOF
	}
	in, n, err := c.next()
	if err != nil {
		return 0, err
	}
	if int64(len(p)) > n {
		p = p[:n]
	}
	got, err := in.Read(p)
	if err == io.EOF {
		err = nil
		if got == 0 {
			err = c.short()
		}
	}
	return got, errors.Join(err, c.advance(int64(got)))
}

// WriteTo writes the rest to w. It passes a file to w as an *io.LimitedReader of an *os.File, which net/http passes to
// the kernel.
func (c *Content) WriteTo(w io.Writer) (total int64, err error) {
	for c.left > 0 && len(c.pieces) > 0 {
		in, n, err := c.next()
		if err != nil {
			return total, err
		}
		wrote, err := c.copyTo(w, &io.LimitedReader{R: in, N: n})
		total += wrote
		if err == nil && wrote < n {
			err = c.short()
		}
		if err := errors.Join(err, c.advance(wrote)); err != nil {
			return total, err
		}
	}
	return total, nil
}

func (c *Content) copyTo(w io.Writer, r *io.LimitedReader) (int64, error) {
	if rf, ok := w.(io.ReaderFrom); ok {
		return rf.ReadFrom(r)
	}
	if sr, ok := r.R.(*sliceReader); ok {
		n, err := w.Write(sr.rest)
		return int64(n), err
	}
	buf := c.s.buffers.Get().(*[]byte)
	defer c.s.buffers.Put(buf)
	return io.CopyBuffer(w, r, *buf)
}

func (c *Content) short() error {
	return fmt.Errorf("object content %d is shorter than its row says: %w", c.content, io.ErrUnexpectedEOF)
}

func (c *Content) closeFile() error {
	f := c.file
	c.file = nil
	if f == nil {
		return nil
	}
	return f.Close()
}

// Close releases the object's blobs.
func (c *Content) Close() error {
	err := c.closeFile()
	c.left = 0
	if c.unpin != nil {
		c.unpin()
	}
	return err
}
