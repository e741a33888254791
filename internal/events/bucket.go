package events

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"strings"
	"time"
)

// Bucket is a sink of objects in a bucket, as CloudTrail delivers them: gzip files of JSON, with one list of records
// each, for one account and one region (CloudTrail user guide, "Finding your CloudTrail log files" and "CloudTrail log
// file name format").
type Bucket struct {
	// Put writes an object. A nil error means that the object is durable.
	Put    func(ctx context.Context, key string, body []byte) error
	Prefix string // before AWSLogs/; empty: none. It ends with a slash
	Now    func() time.Time

	waiting []object // of the batch that is being written
}

// object is one object that is not written yet.
type object struct {
	key  string
	body []byte
}

// Write writes the records, in one object for each account and region. The objects of a batch that comes again have the
// same keys: an object that was written although its answer was lost is not there twice.
func (b *Bucket) Write(ctx context.Context, batch []Record) error {
	if len(b.waiting) == 0 {
		var err error
		if b.waiting, err = b.objects(batch); err != nil {
			return err
		}
	}
	for len(b.waiting) > 0 {
		if err := b.Put(ctx, b.waiting[0].key, b.waiting[0].body); err != nil {
			return err
		}
		b.waiting = b.waiting[1:]
	}
	b.waiting = nil
	return nil
}

// Close does nothing: every batch is written when Write returns.
func (b *Bucket) Close() error { return nil }

// objects makes the objects of a batch, in the order in which the first record of each came.
func (b *Bucket) objects(batch []Record) ([]object, error) {
	type place struct{ account, region string }
	var order []place
	lists := map[place][]*Record{}
	for i := range batch {
		p := place{batch[i].Event.RecipientAccountID, batch[i].Event.AWSRegion}
		if lists[p] == nil {
			order = append(order, p)
		}
		lists[p] = append(lists[p], &batch[i])
	}
	now := b.Now().UTC()
	all := make([]object, 0, len(order))
	for _, p := range order {
		body, err := file(lists[p])
		if err != nil {
			return nil, err
		}
		all = append(all, object{b.Prefix + objectKey(p.account, p.region, now), body})
	}
	return all, nil
}

// objectKey is CloudTrail's name of a log file.
func objectKey(account, region string, now time.Time) string {
	const letters = 16 // of the random part
	return strings.Join([]string{
		"AWSLogs", account, "CloudTrail", region, now.Format("2006"), now.Format("01"), now.Format("02"),
		account + "_CloudTrail_" + region + "_" + now.Format("20060102T1504Z") + "_" + rand.Text()[:letters] + ".json.gz",
	}, "/")
}

// file is the content of a log file.
func file(records []*Record) ([]byte, error) {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write([]byte(`{"Records":[`)) // an error stays until Close
	for i, r := range records {
		if i > 0 {
			_, _ = z.Write([]byte{','})
		}
		_, _ = z.Write(r.JSON)
	}
	_, _ = z.Write([]byte("]}"))
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
