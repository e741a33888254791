package probe

import (
	"context"
	"maps"
	"slices"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
)

// scratch are the objects that are there when the checks begin, by their names below the random prefix.
var scratch = []string{
	"team1/in", "team1/doomed", "team1/doomed-too", "team10/x", "team2/x", "other/x", "x",
	"*", "team?/x", "team*/x", "${aws:username}/x", "$",
	"s*r/in", "sxr/out", "q?m/in", "qxm/out", "d${x}r/in", "dr/out", "d${*}r/out",
}

func (l *lab) prepare(ctx context.Context) error {
	for _, name := range scratch {
		if err := l.store(ctx, l.base+name); err != nil {
			return err
		}
	}
	return nil
}

// store writes a scratch object with the server's own keys.
func (l *lab) store(ctx context.Context, key string) error {
	l.put[key] = true
	return l.owner.put(ctx, key, l.content(key))
}

// content is what the scratch object of a key contains. No two of them contain the same.
func (l *lab) content(key string) string { return l.nonce + " " + key }

// is checks that an object is there and has its content, by the server's own keys.
func (l *lab) is(ctx context.Context, key, content string) error {
	got, err := l.owner.get(ctx, key)
	if err != nil {
		return err
	}
	if got != content {
		return wrongf("the object %q was changed", key)
	}
	return nil
}

// isNot checks that there is no object, by the server's own keys.
func (l *lab) isNot(ctx context.Context, key string) error {
	err := l.owner.head(ctx, key)
	if status(err) == 404 {
		return nil
	}
	if err == nil {
		return wrongf("the store refused to write %q, and wrote it", key)
	}
	return err
}

// cleanUp removes everything below the random prefix: what the probe knows of, and what a listing shows. It goes on
// when the probe's context has ended.
func (l *lab) cleanUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupLimit)
	defer cancel()
	c := &l.report.Cleanup
	l.findUploads(ctx)
	for _, id := range slices.Sorted(maps.Keys(l.uploads)) {
		key := l.uploads[id]
		switch err := l.owner.abort(ctx, key, id); {
		case err == nil:
			c.Removed++
		case status(err) != 404:
			c.left("the upload of "+key, err)
		}
	}
	if found, err := l.owner.list(ctx, l.base, ""); err == nil {
		for _, key := range found.keys {
			l.put[key] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(l.put)) {
		kept, err := l.owner.remove(ctx, key)
		switch {
		case err == nil:
			c.Removed++
		case status(err) != 404:
			c.left(key, err)
		}
		if kept {
			c.Text = "the bucket is versioned: the store keeps old versions of the scratch objects"
		}
	}
	if found, err := l.owner.list(ctx, l.base, ""); err != nil {
		c.Text = "whether anything is left could not be seen: " + textOf(err)
	} else {
		for _, key := range found.keys {
			c.left(key, nil)
		}
	}
}

// maxLeft is how many keys a report names that could not be removed.
const maxLeft = 20

func (c *Cleanup) left(key string, err error) {
	if len(c.Left) < maxLeft && !slices.Contains(c.Left, key) {
		c.Left = append(c.Left, key)
	}
	if err != nil {
		c.Text = textOf(err)
	}
}

// findUploads finds uploads that a session began although it must not.
func (l *lab) findUploads(ctx context.Context) {
	out, err := send(ctx, l.owner, s3.ListMultipartUploads,
		&s3.ListMultipartUploadsRequest{Bucket: &l.Bucket, Prefix: &l.base}, nil)
	if err != nil {
		return
	}
	for _, u := range out.Uploads {
		l.uploads[awswire.Value(u.UploadId)] = awswire.Value(u.Key)
	}
}
