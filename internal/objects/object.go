package objects

import (
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"

	"latchkey/internal/fault"
)

// MaxMetadataSize is the largest sum of the lengths of an object's user metadata names and values, in bytes.
const MaxMetadataSize = 2 << 10

// defaultContentType is what S3 gives an object that came without a type.
const defaultContentType = "binary/octet-stream"

// Headers are what a client stores with an object and gets back with it. Metadata has lower-case names
// without "x-amz-meta-".
type Headers struct {
	ContentType        string            `json:"type,omitempty"`
	ContentEncoding    string            `json:"encoding,omitempty"`
	ContentDisposition string            `json:"disposition,omitempty"`
	ContentLanguage    string            `json:"language,omitempty"`
	CacheControl       string            `json:"cache,omitempty"`
	Expires            string            `json:"expires,omitempty"`
	Metadata           map[string]string `json:"meta,omitempty"`
}

// check refuses headers that cannot be stored as they are.
func (h Headers) check() error {
	size := 0
	for name, value := range h.Metadata {
		size += len(name) + len(value)
		if !utf8.ValidString(name) || !utf8.ValidString(value) {
			return fault.New(fault.Invalid, fault.Metadata, "The user metadata is not valid UTF-8.")
		}
	}
	if size > MaxMetadataSize {
		return fault.New(fault.TooLarge, fault.Metadata, "Your metadata headers exceed the maximum allowed metadata size").
			With("Size", strconv.Itoa(size)).With("MaxSizeAllowed", strconv.Itoa(MaxMetadataSize))
	}
	for _, v := range []string{h.ContentType, h.ContentEncoding, h.ContentDisposition, h.ContentLanguage, h.CacheControl,
		h.Expires} {
		if !utf8.ValidString(v) {
			return fault.New(fault.Invalid, fault.Header, "A header is not valid UTF-8.")
		}
	}
	return nil
}

func (h Headers) encode() string {
	b, err := json.Marshal(h)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(b)
}

func decodeHeaders(text string) (h Headers, err error) {
	return h, json.Unmarshal([]byte(text), &h)
}

// Object is what the store knows of an object besides its bytes.
type Object struct {
	Key      string
	Size     int64  // bytes
	ETag     string // without quotes
	Modified time.Time
	Parts    int // of a multipart object; 0 for one that came in one piece
	Checksum Checksum
	Headers  Headers

	content int64
	upload  string
}

func hexBytes(s string) ([]byte, error) { return hex.DecodeString(s) }

func etagOf(md5 []byte) string { return hex.EncodeToString(md5) }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// insertObject writes the row of o and replaces the one that the key has.
func (t *tx) insertObject(bucket int64, o Object) error {
	_, err := t.exec(`INSERT OR REPLACE INTO objects
		(bucket, key, content, size, etag, modified, parts, sum_algo, sum_type, sum, upload, headers)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		bucket, []byte(o.Key), o.content, o.Size, o.ETag, t.now(), o.Parts,
		string(o.Checksum.Algorithm), string(o.Checksum.Type), o.Checksum.Value, o.upload, o.Headers.encode())
	return err
}

// insertPiece writes the row of a piece and replaces the one that has the same number.
func (t *tx) insertPiece(content int64, number int, p piece) error {
	var blob any
	if p.blob != "" {
		blob = p.blob
	}
	_, err := t.exec(`INSERT OR REPLACE INTO pieces (content, number, size, md5, sum, modified, blob, data)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, content, number, p.size, p.md5, p.sum, t.now(), blob, p.data)
	return err
}

// bucket finds a bucket's number.
func (t *tx) bucket(name string) (id int64, err error) {
	err = t.row(`SELECT id FROM buckets WHERE name = ?`, name).Scan(&id)
	return id, orNone(err, noBucket(name))
}

// current is the object that a key has now: its content and what conditions are checked against.
func (t *tx) current(bucket int64, key string) (o Object, exists bool, err error) {
	var modified int64
	err = t.row(`SELECT content, size, etag, modified, upload FROM objects WHERE bucket = ? AND key = ?`, bucket,
		[]byte(key)).
		Scan(&o.content, &o.Size, &o.ETag, &modified, &o.upload)
	if isNone(err) {
		return Object{}, false, nil
	}
	o.Key, o.Modified = key, time.Unix(modified, 0).UTC()
	return o, err == nil, err
}
