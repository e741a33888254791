package objects

import (
	"bytes"
	"context"
	"crypto/md5"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"latchkey/internal/fault"
)

// Complete is a request to make an object out of an upload's parts.
type Complete struct {
	Bucket, Key, UploadID string
	Parts                 []CompletePart
	Sum                   Checksum   // of the whole object, if the client states one
	Type                  string     // the checksum type that the client expects, if it states one
	Size                  int64      // the object's size that the client expects; negative if it states none
	If                    Conditions // IfMatch and IfNoneMatch only
}

// CompletePart names a part that becomes part of the object.
type CompletePart struct {
	Number int
	ETag   string // with or without quotes
	Sum    Checksum
}

// Complete makes an object of the parts that the list names, without copying them, and removes the parts that the list
// does not name. If the same list comes again for an upload that was completed with it, Complete returns the same
// object, because the client may have missed the first answer.
func (s *Store) Complete(ctx context.Context, in Complete) (Object, error) {
	if err := in.checkList(); err != nil {
		return Object{}, err
	}
	if err := in.If.checkWritable(); err != nil {
		return Object{}, err
	}
	var o Object
	err := s.update(ctx, func(t *tx) error {
		bucket, err := t.bucket(in.Bucket)
		if err != nil {
			return err
		}
		u, err := t.upload(in.Bucket, in.Key, in.UploadID)
		if fault.Is(err, fault.NotFound, fault.Upload) {
			var done bool
			if o, done = t.completed(bucket, in); done {
				return nil
			}
		}
		if err != nil {
			return err
		}
		parts, err := t.listedParts(u, in.Parts)
		if err != nil {
			return err
		}
		if o, err = u.assemble(parts, in); err != nil {
			return err
		}
		if err := t.replace(bucket, o, in.If); err != nil {
			return err
		}
		o.Modified = time.Unix(t.now(), 0).UTC()
		if err := t.dropUnlisted(u.content, in.Parts); err != nil {
			return err
		}
		return t.endUpload(u)
	})
	return o, err
}

// checkList refuses a list that no upload could satisfy.
func (in Complete) checkList() error {
	if len(in.Parts) == 0 || len(in.Parts) > maxPartNumber {
		return fault.New(fault.Malformed, fault.XML,
			"The XML you provided was not well-formed or did not validate against our published schema")
	}
	last := 0
	for _, p := range in.Parts {
		if p.Number < 1 || p.Number > maxPartNumber {
			return badArgument("partNumber", itoa(int64(p.Number)), "PartNumber must be >= 1 and <= 10000")
		}
		if p.Number <= last {
			return fault.New(fault.Invalid, fault.PartOrder,
				"The list of parts was not in ascending order. Parts must be ordered by part number.")
		}
		last = p.Number
	}
	return nil
}

// listedParts reads the parts that the list names and checks each against it.
func (t *tx) listedParts(u Upload, list []CompletePart) ([]piece, error) {
	have := make(map[int]piece, len(list))
	rows, err := t.query(`SELECT number, size, md5, sum FROM pieces WHERE content = ?`, u.content)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var number int
		var p piece
		if err := rows.Scan(&number, &p.size, &p.md5, &p.sum); err != nil {
			return nil, err
		}
		have[number] = p
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	parts := make([]piece, len(list))
	for i, want := range list {
		p, ok := have[want.Number]
		if !ok || trimTag(want.ETag) != etagOf(p.md5) {
			return nil, fault.New(fault.Invalid, fault.Part,
				"One or more of the specified parts could not be found.  The part may not have been uploaded, "+
					"or the specified entity tag may not match the part's entity tag.").
				With("UploadId", u.ID).With("PartNumber", itoa(int64(want.Number))).With("ETag", trimTag(want.ETag))
		}
		if err := u.checkPartSum(want, p); err != nil {
			return nil, err
		}
		parts[i] = p
	}
	for i, p := range parts[:len(parts)-1] {
		if p.size < MinPartSize {
			return nil, fault.New(fault.Invalid, fault.PartSize,
				"Your proposed upload is smaller than the minimum allowed size").
				With("ProposedSize", itoa(p.size)).With("MinSizeAllowed", itoa(MinPartSize)).
				With("PartNumber", itoa(int64(list[i].Number))).With("ETag", trimTag(list[i].ETag))
		}
	}
	return parts, nil
}

// checkPartSum checks the checksum that the list states for a part. In an upload with a composite checksum each part
// must have one.
func (u Upload) checkPartSum(want CompletePart, p piece) error {
	if want.Sum.Algorithm == "" {
		if u.Type == Composite {
			return invalidRequest("The upload was created using a %s checksum. The complete request must include the checksum "+
				"for each part. It was missing for part %d in the request.",
				strings.ToLower(string(u.Algorithm)), want.Number)
		}
		return nil
	}
	mismatch := fault.New(fault.Invalid, fault.Part,
		"One or more of the specified parts could not be found.  The part may not have been uploaded, "+
			"or the specified entity tag may not match the part's entity tag.").
		With("UploadId", u.ID).With("PartNumber", itoa(int64(want.Number)))
	if u.Algorithm != "" && want.Sum.Algorithm != u.Algorithm {
		return badArgument("Checksum", string(want.Sum.Algorithm),
			"Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s", u.Algorithm,
			want.Sum.Algorithm)
	}
	if want.Sum.Algorithm != u.stored() {
		return nil // verified when the part came, and not kept
	}
	raw, err := parseSum(want.Sum.Algorithm, want.Sum.Value)
	if err != nil {
		return err
	}
	if !bytes.Equal(raw, p.sum) {
		return mismatch
	}
	return nil
}

// assemble computes the object that consists of the parts, and checks it against what the client expects.
func (u Upload) assemble(parts []piece, in Complete) (Object, error) {
	headers, err := decodeHeaders(u.headers)
	if err != nil {
		return Object{}, err
	}
	o := Object{Key: u.Key, Parts: len(parts), Headers: headers, content: u.content, upload: u.ID}
	tags := md5.New()
	for _, p := range parts {
		o.Size += p.size
		tags.Write(p.md5)
	}
	o.ETag = multipartTag(tags.Sum(nil), len(parts))
	o.Checksum = u.checksum(parts)
	if in.Size >= 0 && in.Size != o.Size {
		return Object{}, invalidRequest("The provided 'x-amz-mp-object-size' header value %d does not "+
			"match what was computed: %d", in.Size, o.Size)
	}
	if in.Type != "" && in.Type != string(o.Checksum.Type) {
		return Object{}, invalidRequest("The upload was created using the %s checksum mode. "+
			"The complete request must use the same checksum mode.", o.Checksum.Type)
	}
	if in.Sum.Algorithm != "" {
		if !in.Sum.Algorithm.known() {
			return Object{}, notServed(in.Sum.Algorithm.Header())
		}
		if in.Sum.Algorithm != o.Checksum.Algorithm || plainSum(in.Sum.Value) != plainSum(o.Checksum.Value) {
			return Object{}, badChecksum(in.Sum.Algorithm)
		}
	}
	return o, nil
}

// plainSum is a checksum's text without the number of parts. Clients may leave the number out.
func plainSum(value string) string {
	sum, _, _ := strings.Cut(value, "-")
	return sum
}

func multipartTag(sum []byte, parts int) string {
	return fmt.Sprintf("%s-%d", hex.EncodeToString(sum), parts)
}

// checksum is the checksum of the whole object.
func (u Upload) checksum(parts []piece) Checksum {
	a := u.stored()
	if u.Type == Composite {
		h := a.new()
		for _, p := range parts {
			h.Write(p.sum)
		}
		value := fmt.Sprintf("%s-%d", base64.StdEncoding.EncodeToString(h.Sum(nil)), len(parts))
		return Checksum{Algorithm: a, Type: Composite, Value: value}
	}
	sum := a.new().Sum(nil)
	for _, p := range parts {
		sum = a.combine(sum, p.sum, p.size)
	}
	return Checksum{Algorithm: a, Type: FullObject, Value: base64.StdEncoding.EncodeToString(sum)}
}

// partChecksum is the checksum of one part as clients see it. It is empty if the client asked for no checksum.
func (u Upload) partChecksum(sum []byte) Checksum {
	if u.Algorithm == "" {
		return Checksum{}
	}
	return Checksum{Algorithm: u.Algorithm, Type: u.Type, Value: base64.StdEncoding.EncodeToString(sum)}
}

// dropUnlisted removes the parts that the list does not name.
func (t *tx) dropUnlisted(content int64, list []CompletePart) error {
	rows, err := t.query(`SELECT number FROM pieces WHERE content = ?`, content)
	if err != nil {
		return err
	}
	numbers, err := collectInts(rows)
	if err != nil {
		return err
	}
	listed := make(map[int]bool, len(list))
	for _, p := range list {
		listed[p.Number] = true
	}
	for _, n := range numbers {
		if !listed[n] {
			if err := t.dropPiece(content, n); err != nil {
				return err
			}
		}
	}
	return nil
}

func collectInts(rows *sql.Rows) (all []int, err error) {
	defer rows.Close()
	for rows.Next() {
		var n int
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	return all, rows.Err()
}

// completed finds the object that this upload was completed to, if the list names the same parts.
func (t *tx) completed(bucket int64, in Complete) (Object, bool) {
	var row objectRow
	err := t.row(selectObject+` FROM objects o WHERE o.bucket = ? AND o.key = ? AND o.upload = ?`, bucket, []byte(in.Key),
		in.UploadID).Scan(row.into()...)
	if err != nil {
		return Object{}, false
	}
	o, err := row.object(in.Key)
	if err != nil {
		return Object{}, false
	}
	tags := md5.New()
	for _, p := range in.Parts {
		raw, err := hexBytes(trimTag(p.ETag))
		if err != nil {
			return Object{}, false
		}
		tags.Write(raw)
	}
	return o, multipartTag(tags.Sum(nil), len(in.Parts)) == o.ETag
}
