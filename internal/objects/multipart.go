package objects

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"time"

	"latchkey/internal/fault"
	"latchkey/internal/upstream"
)

const (
	maxPartNumber = 10000
	// MinPartSize is the smallest part that may be followed by another one, in bytes.
	MinPartSize = 5 << 20
)

// CreateUpload is a request to begin a multipart upload.
type CreateUpload struct {
	Bucket, Key string
	Headers     Headers
	Algorithm   Algorithm    // of the checksum that the client wants; empty for none
	Type        ChecksumType // empty for the algorithm's default
}

// Upload is an unfinished multipart upload.
type Upload struct {
	Key, ID   string
	Initiated time.Time
	Algorithm Algorithm // empty if the client asked for none
	Type      ChecksumType

	bucket  int64
	content int64
	headers string
}

// stored is the algorithm of the checksums that the upload's parts carry.
func (u Upload) stored() Algorithm {
	if u.Algorithm == "" {
		return CRC64NVME
	}
	return u.Algorithm
}

// CreateUpload begins a multipart upload.
func (s *Store) CreateUpload(ctx context.Context, in CreateUpload) (Upload, error) {
	if err := upstream.CheckKey(in.Key); err != nil {
		return Upload{}, err
	}
	if err := in.Headers.check(); err != nil {
		return Upload{}, err
	}
	u := Upload{Key: in.Key, Algorithm: in.Algorithm, content: s.nextContent()}
	switch {
	case in.Algorithm != "" && !in.Algorithm.known():
		return Upload{}, notServed("x-amz-checksum-algorithm")
	case in.Algorithm != "":
		var err error
		if u.Type, err = in.Algorithm.multipartType(in.Type); err != nil {
			return Upload{}, err
		}
	case in.Type != "":
		return Upload{}, invalidRequest("The x-amz-checksum-type header can only be used with the " +
			"x-amz-checksum-algorithm header.")
	}
	if in.Headers.ContentType == "" {
		in.Headers.ContentType = defaultContentType
	}
	// The content number in front makes the order of identifiers the order of beginning. The random text behind it makes
	// them unguessable. No code parses either: an identifier is looked up as a whole.
	u.ID = fmt.Sprintf("%016x%s", u.content, rand.Text())
	err := s.update(ctx, func(t *tx) error {
		bucket, err := t.bucket(in.Bucket)
		if err != nil {
			return err
		}
		u.Initiated = time.Unix(t.now(), 0).UTC()
		_, err = t.exec(`INSERT INTO uploads (bucket, key, id, content, initiated, sum_algo, sum_type, `+
			`headers) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			bucket, []byte(in.Key), u.ID, u.content, t.now(), string(u.Algorithm), string(u.Type), in.Headers.encode())
		return err
	})
	return u, err
}

const selectUpload = `SELECT u.bucket, u.content, u.initiated, u.sum_algo, u.sum_type, u.headers
	FROM buckets b JOIN uploads u ON u.bucket = b.id WHERE b.name = ? AND u.key = ? AND u.id = ?`

func scanUpload(row scanner, key, id string) (Upload, error) {
	u := Upload{Key: key, ID: id}
	var initiated int64
	err := row.Scan(&u.bucket, &u.content, &initiated, &u.Algorithm, &u.Type, &u.headers)
	u.Initiated = time.Unix(initiated, 0).UTC()
	return u, orNone(err, noUpload(id))
}

// upload finds the unfinished upload that has this identifier, in this bucket and under this key. An identifier is not
// valid for another bucket or key than those that it was made for.
func (s *Store) upload(ctx context.Context, bucket, key, id string) (Upload, error) {
	st, err := s.read(ctx, selectUpload)
	if err != nil {
		return Upload{}, err
	}
	u, err := scanUpload(st.QueryRowContext(ctx, bucket, []byte(key), id), key, id)
	if fault.Is(err, fault.NotFound, fault.Upload) {
		if _, err := s.bucketID(ctx, bucket); err != nil {
			return Upload{}, err
		}
	}
	return u, err
}

// upload is Store.upload inside of a transaction.
func (t *tx) upload(bucket, key, id string) (Upload, error) {
	return scanUpload(t.row(selectUpload, bucket, []byte(key), id), key, id)
}

// PutPart is a request to store one part.
type PutPart struct {
	Bucket, Key, UploadID string
	Number                int
	Body                  Body
}

// Part is one part of an upload.
type Part struct {
	Number   int
	Size     int64  // bytes
	ETag     string // without quotes
	Modified time.Time
	Checksum Checksum // Composite, of the part's bytes; the zero value if the client asked for none
}

// PutPart stores a part and replaces the one that has the same number.
func (s *Store) PutPart(ctx context.Context, in PutPart) (Part, error) {
	if err := checkPartNumber(in.Number); err != nil {
		return Part{}, err
	}
	u, err := s.upload(ctx, in.Bucket, in.Key, in.UploadID)
	if err != nil {
		return Part{}, err
	}
	if given := in.Body.Sum.Algorithm; u.Algorithm != "" && given != "" && given != u.Algorithm {
		return Part{}, invalidRequest("Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s",
			u.Algorithm, given)
	}
	p, err := s.receive(in.Body, u.stored())
	if err != nil {
		return Part{}, err
	}
	part, err := s.storePart(ctx, in.Bucket, u, in.Number, p)
	if err == nil && u.Algorithm == "" && in.Body.Sum.Value != "" {
		part.Checksum = in.Body.Sum // it was verified
	}
	return part, err
}

// CopyPart is a request to make a part out of an object, or out of a range of it.
type CopyPart struct {
	From                  Source
	Range                 string // an x-amz-copy-source-range; empty for the whole object
	Bucket, Key, UploadID string
	Number                int
}

// CopyPart copies bytes of an object into a part.
func (s *Store) CopyPart(ctx context.Context, in CopyPart) (Part, error) {
	if err := checkPartNumber(in.Number); err != nil {
		return Part{}, err
	}
	u, err := s.upload(ctx, in.Bucket, in.Key, in.UploadID)
	if err != nil {
		return Part{}, err
	}
	src, err := s.openSource(ctx, in.From)
	if err != nil {
		return Part{}, err
	}
	defer src.Close()
	if in.Range != "" {
		sp, err := parseCopyRange(in.Range, src.Size)
		if err != nil {
			return Part{}, err
		}
		if err := src.narrow(sp); err != nil {
			return Part{}, err
		}
	}
	if src.Length > MaxPutSize {
		return Part{}, invalidRequest("The specified copy source is larger than the maximum allowable "+
			"size for a copy source: %d", int64(MaxPutSize))
	}
	p, err := s.receive(Body{Reader: src, Length: src.Length}, u.stored())
	if err != nil {
		if fault.KindOf(err) == fault.Incomplete {
			err = src.short()
		}
		return Part{}, err
	}
	return s.storePart(ctx, in.Bucket, u, in.Number, p)
}

// storePart writes the row of a part, if the upload still exists.
func (s *Store) storePart(ctx context.Context, bucket string, u Upload, number int, p piece) (Part, error) {
	part := Part{Number: number, Size: p.size, ETag: etagOf(p.md5), Checksum: u.partChecksum(p.sum)}
	err := s.update(ctx, func(t *tx) error {
		if _, err := t.upload(bucket, u.Key, u.ID); err != nil {
			return err
		}
		if err := t.dropPiece(u.content, number); err != nil {
			return err
		}
		part.Modified = time.Unix(t.now(), 0).UTC()
		return t.insertPiece(u.content, number, p)
	})
	s.settle(p, err)
	if err != nil {
		return Part{}, err
	}
	return part, nil
}

func checkPartNumber(n int) error {
	if n < 1 || n > maxPartNumber {
		return badArgument("partNumber", itoa(int64(n)), "Part number must be an integer between 1 and 10000, inclusive")
	}
	return nil
}

// AbortUpload ends an upload and removes its parts.
func (s *Store) AbortUpload(ctx context.Context, bucket, key, id string) error {
	return s.update(ctx, func(t *tx) error {
		if _, err := t.bucket(bucket); err != nil {
			return err
		}
		u, err := t.upload(bucket, key, id)
		if err != nil {
			return err
		}
		if err := t.drop(u.content); err != nil {
			return err
		}
		return t.endUpload(u)
	})
}

func (t *tx) endUpload(u Upload) error {
	res, err := t.exec(`DELETE FROM uploads WHERE bucket = ? AND key = ? AND id = ?`, u.bucket, []byte(u.Key), u.ID)
	if err != nil {
		return err
	}
	return oneRow(res)
}

func oneRow(res sql.Result) error {
	n, err := res.RowsAffected()
	if err == nil && n != 1 {
		err = fmt.Errorf("%d rows changed where one was meant", n)
	}
	return err
}
