package probe

import "context"

// rightChecks are what a permission does not include, inside the prefix.
var rightChecks = []entry{
	{"put-with-read", func(l *lab, ctx context.Context) error { return l.writes(ctx, l.reader, l.base+"team1/new") }},
	{"delete-with-read", (*lab).deleteWithRead},
	{"copy-with-read", (*lab).copyWithRead},
	{"multipart-with-read", func(l *lab, ctx context.Context) error { return l.begins(ctx, l.reader, "team1/new") }},
	{"read-with-write", (*lab).readWithWrite},
	{"list-with-write", (*lab).listWithWrite},
}

func (l *lab) deleteWithRead(ctx context.Context) error {
	key := l.base + "team1/in"
	_, err := l.reader.remove(ctx, key)
	if err := refused("delete with READ", err); err != nil {
		return err
	}
	return l.is(ctx, key, l.content(key))
}

func (l *lab) copyWithRead(ctx context.Context) error {
	to := l.base + "team1/read-copy"
	l.put[to] = true
	if err := refused("copy with READ", l.reader.copy(ctx, l.base+"team1/in", to)); err != nil {
		return err
	}
	return l.isNot(ctx, to)
}

func (l *lab) readWithWrite(ctx context.Context) error {
	_, err := l.writer.get(ctx, l.base+"team1/in")
	return refused("read with WRITE", err)
}

func (l *lab) listWithWrite(ctx context.Context) error {
	_, err := l.writer.list(ctx, l.base+"team1/", "")
	return refused("list with WRITE", err)
}
