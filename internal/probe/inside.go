package probe

import (
	"context"
	"errors"
	"slices"
	"strings"

	"latchkey/internal/awswire"
)

// insideChecks are what a session must be able to do. A store that refuses everything must not pass.
var insideChecks = []entry{
	{"read-inside", (*lab).readInside},
	{"list-inside", (*lab).listInside},
	{"write-inside", (*lab).writeInside},
	{"delete-inside", (*lab).deleteInside},
	{"multipart-inside", (*lab).multipartInside},
	{"copy-inside", (*lab).copyInside},
}

func (l *lab) readInside(ctx context.Context) error {
	key := l.base + "team1/in"
	got, err := l.reader.get(ctx, key)
	if err != nil {
		return err
	}
	if got != l.content(key) {
		return wrongf("the session reads another content than was written")
	}
	return nil
}

func (l *lab) listInside(ctx context.Context) error {
	found, err := l.reader.list(ctx, l.base+"team1/", "")
	if err != nil {
		return err
	}
	if !slices.Contains(found.keys, l.base+"team1/in") {
		return wrongf("the listing has not the object that is there")
	}
	for _, key := range found.keys {
		if !strings.HasPrefix(key, l.base+"team1/") {
			return wrongf("the listing shows %q", key)
		}
	}
	return nil
}

func (l *lab) writeInside(ctx context.Context) error {
	key := l.base + "team1/written"
	l.put[key] = true
	if err := l.writer.client.put(ctx, key, "written"); err != nil {
		return err
	}
	return l.is(ctx, key, "written")
}

func (l *lab) deleteInside(ctx context.Context) error {
	key := l.base + "team1/doomed"
	if _, err := l.writer.remove(ctx, key); err != nil {
		return err
	}
	if err := l.owner.head(ctx, key); status(err) != 404 {
		return wrongf("the object is there after the session deleted it")
	}
	return nil
}

func (l *lab) multipartInside(ctx context.Context) error {
	key := l.base + "team1/parts"
	id, err := l.writer.begin(ctx, key)
	if err != nil {
		return err
	}
	l.put[key], l.uploads[id] = true, key
	etag, err := l.writer.part(ctx, key, id, "part")
	if err != nil {
		return err
	}
	if err := l.writer.complete(ctx, key, id, etag); err != nil {
		return err
	}
	delete(l.uploads, id)
	return l.is(ctx, key, "part")
}

func (l *lab) copyInside(ctx context.Context) error {
	from, to := l.base+"team1/in", l.base+"team1/copied"
	l.put[to] = true
	if err := l.both.copy(ctx, from, to); err != nil {
		return err
	}
	return l.is(ctx, to, l.content(from))
}

// status is the HTTP status of a store's error; 0 for another error and for none.
func status(err error) int {
	if said, ok := errors.AsType[*awswire.APIError](err); ok {
		return said.Status
	}
	return 0
}
