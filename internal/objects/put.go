package objects

import (
	"context"
	"encoding/base64"
	"time"

	"latchkey/internal/upstream"
)

// Put is a request to store an object.
type Put struct {
	Bucket, Key string
	Body        Body
	Headers     Headers
	If          Conditions // IfMatch and IfNoneMatch only
}

// Put stores an object in one piece. When Put returns, the object survives a power cut. When Put fails, the key has the
// object that it had. The transaction that writes the row also checks the condition, so only one of many writers with
// `If-None-Match: *` succeeds.
func (s *Store) Put(ctx context.Context, in Put) (Object, error) {
	if err := upstream.CheckKey(in.Key); err != nil {
		return Object{}, err
	}
	if err := in.Headers.check(); err != nil {
		return Object{}, err
	}
	if err := in.If.checkWritable(); err != nil {
		return Object{}, err
	}
	bucket, err := s.bucketID(ctx, in.Bucket) // before the client is asked for the body
	if err != nil {
		return Object{}, err
	}
	store := in.Body.Sum.Algorithm
	if store == "" {
		store = CRC64NVME // as S3 does for an object that came without a checksum
	} else if !store.known() {
		return Object{}, notServed(store.Header())
	}
	p, err := s.receive(in.Body, store)
	if err != nil {
		return Object{}, err
	}
	o := Object{
		Key: in.Key, Size: p.size, ETag: etagOf(p.md5), Headers: in.Headers,
		Checksum: Checksum{Algorithm: store, Type: FullObject, Value: base64.StdEncoding.EncodeToString(p.sum)},
	}
	return s.putPiece(ctx, bucketRef{in.Bucket, bucket}, o, p, in.If)
}

// bucketRef is the bucket that a request began with.
type bucketRef struct {
	name   string
	number int64
}

// putPiece makes o, whose content is p, the object of its key. The name must still be that of the bucket that the
// request began with: another bucket of the same name may belong to another owner.
func (s *Store) putPiece(ctx context.Context, b bucketRef, o Object, p piece, cond Conditions) (Object, error) {
	if o.Headers.ContentType == "" {
		o.Headers.ContentType = defaultContentType
	}
	o.content = s.nextContent()
	err := s.update(ctx, func(t *tx) error {
		number, err := t.bucket(b.name)
		if err != nil {
			return err
		}
		if number != b.number {
			return noBucket(b.name)
		}
		if err := t.replace(number, o, cond); err != nil {
			return err
		}
		o.Modified = time.Unix(t.now(), 0).UTC()
		return t.insertPiece(o.content, 1, p)
	})
	s.settle(p, err)
	if err != nil {
		return Object{}, err
	}
	return o, nil
}

// replace writes o in place of the object that its key has, if the conditions are met.
func (t *tx) replace(bucket int64, o Object, cond Conditions) error {
	old, exists, err := t.current(bucket, o.Key)
	if err != nil {
		return err
	}
	if err := cond.checkWrite(old, exists, o.Key); err != nil {
		return err
	}
	if exists {
		if err := t.drop(old.content); err != nil {
			return err
		}
	}
	return t.insertObject(bucket, o)
}
