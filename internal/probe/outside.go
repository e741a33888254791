package probe

import "context"

// outsideChecks are what a session of team1/ must not reach.
var outsideChecks = []entry{
	{"read-outside", reads("other/x")},
	{"stat-outside", (*lab).statOutside},
	{"list-outside", lists("other/")},
	{"list-parent", lists("")},
	{"list-bucket", (*lab).listBucket},
	{"list-bucket-v1", (*lab).listBucketV1},
	{"write-outside", (*lab).writeOutside},
	{"delete-outside", (*lab).deleteOutside},
	{"delete-many-outside", (*lab).deleteManyOutside},
	{"copy-source-outside", (*lab).copySource},
	{"copy-target-outside", (*lab).copyTarget},
	{"part-copy-source-outside", (*lab).partCopySource},
	{"multipart-outside", (*lab).multipartOutside},
	{"sibling-stem-read", reads("team10/x")},
	{"sibling-stem-list", lists("team10/")},
	{"sibling-stem-list-short", lists("team1")},
	{"sibling-stem-write", (*lab).siblingWrite},
	{"bucket-configuration", (*lab).bucketConfiguration},
}

// reads checks that the session cannot read an object of this name.
func reads(name string) func(*lab, context.Context) error {
	return func(l *lab, ctx context.Context) error {
		_, err := l.both.get(ctx, l.base+name)
		return refused("read "+name, err)
	}
}

// lists checks that the session cannot list this prefix below the random one.
func lists(prefix string) func(*lab, context.Context) error {
	return func(l *lab, ctx context.Context) error {
		_, err := l.both.list(ctx, l.base+prefix, "")
		if err := refused("list "+prefix, err); err != nil {
			return err
		}
		_, err = l.both.list(ctx, l.base+prefix, "/")
		return refused("list "+prefix+" with a delimiter", err)
	}
}

func (l *lab) statOutside(ctx context.Context) error {
	return refused("see the size of other/x", l.both.head(ctx, l.base+"other/x"))
}

// listBucket lists without a prefix. Some stores do not look at the condition then, in particular with a delimiter.
func (l *lab) listBucket(ctx context.Context) error {
	_, err := l.both.list(ctx, "", "")
	if err := refused("list the bucket", err); err != nil {
		return err
	}
	_, err = l.both.list(ctx, "", "/")
	return refused("list the bucket with a delimiter", err)
}

func (l *lab) listBucketV1(ctx context.Context) error {
	return refused("list the bucket by ListObjects", l.both.listV1(ctx, ""))
}

// writes checks that a session cannot write a key, and that nothing is there afterwards.
func (l *lab) writes(ctx context.Context, s *session, key string) error {
	l.put[key] = true
	if err := refused("write "+key, s.client.put(ctx, key, "must not be")); err != nil {
		return err
	}
	return l.isNot(ctx, key)
}

func (l *lab) writeOutside(ctx context.Context) error {
	return l.writes(ctx, l.both, l.base+"other/new")
}

func (l *lab) siblingWrite(ctx context.Context) error {
	return l.writes(ctx, l.both, l.base+"team10/new")
}

func (l *lab) deleteOutside(ctx context.Context) error {
	key := l.base + "other/x"
	_, err := l.both.remove(ctx, key)
	if err := refused("delete other/x", err); err != nil {
		return err
	}
	return l.is(ctx, key, l.content(key))
}

// deleteManyOutside deletes one key inside and one outside by DeleteObjects, which answers for each key.
func (l *lab) deleteManyOutside(ctx context.Context) error {
	key := l.base + "team10/x"
	gone, err := l.both.removeMany(ctx, l.base+"team1/doomed-too", key)
	if err != nil {
		if err := refused("delete many", err); err != nil {
			return err
		}
	}
	for _, k := range gone {
		if k == key {
			return wrongf("the store let the session delete team10/x in a list")
		}
	}
	return l.is(ctx, key, l.content(key))
}

func (l *lab) copySource(ctx context.Context) error {
	to := l.base + "team1/stolen"
	l.put[to] = true
	if err := refused("copy other/x", l.both.copy(ctx, l.base+"other/x", to)); err != nil {
		return err
	}
	return l.isNot(ctx, to)
}

func (l *lab) copyTarget(ctx context.Context) error {
	to := l.base + "other/copied"
	l.put[to] = true
	if err := refused("copy to other/copied", l.both.copy(ctx, l.base+"team1/in", to)); err != nil {
		return err
	}
	return l.isNot(ctx, to)
}

func (l *lab) partCopySource(ctx context.Context) error {
	key := l.base + "team1/part-stolen"
	id, err := l.both.begin(ctx, key)
	if err != nil {
		return &errSkip{"the session cannot begin an upload inside: " + textOf(err)}
	}
	l.uploads[id], l.put[key] = key, true
	return refused("copy other/x as a part", l.both.partCopy(ctx, l.base+"other/x", key, id))
}

func (l *lab) multipartOutside(ctx context.Context) error {
	return l.begins(ctx, l.both, "other/parts")
}

// begins checks that a session cannot begin an upload.
func (l *lab) begins(ctx context.Context, s *session, name string) error {
	id, err := s.begin(ctx, l.base+name)
	if err == nil {
		l.uploads[id] = l.base + name
	}
	return refused("begin an upload of "+name, err)
}

// bucketConfiguration asks for the bucket's policy, which no session of a prefix may see.
func (l *lab) bucketConfiguration(ctx context.Context) error {
	err := l.both.bucketPolicy(ctx)
	if status(err) == 501 {
		return nil // a store without bucket policies has none to give away
	}
	return refused("see the bucket's policy", err)
}
