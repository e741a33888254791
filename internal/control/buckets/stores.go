package buckets

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"latchkey/internal/bucket"
	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/store"
	"latchkey/internal/upstream"
	"latchkey/internal/upstreams"
)

// Names are the names of all upstreams, the server's own store first.
func (b *Buckets) Names() []string {
	names := []string{upstreams.Embedded}
	for _, m := range b.Upstreams.All() {
		names = append(names, m.Name)
	}
	return names
}

// named returns the upstream of this name.
func (b *Buckets) named(name string) (upstream.Upstream, error) {
	if rowName(name) == "" {
		return b.Upstream, nil
	}
	if m := b.Upstreams.Named(name); m != nil {
		return m.Store, nil
	}
	return nil, NoUpstream(name)
}

// NoUpstream is the refusal of a name that no upstream has.
func NoUpstream(name string) error {
	return fault.New(fault.NotFound, fault.Upstream, "There is no upstream %q", name)
}

// having returns the name of the upstream that has a bucket. If none is named, it must be the only one: a bucket that
// is not the one that the operator meant would get an owner.
func (b *Buckets) having(ctx context.Context, name, named string) (string, error) {
	among := b.Names()
	if named != "" {
		if _, err := b.named(named); err != nil {
			return "", err
		}
		among = []string{named}
	}
	var found []string
	for _, in := range among {
		u, err := b.in(in, name)
		if err != nil {
			continue // its configuration does not serve the bucket
		}
		has, err := upstream.HasBucket(ctx, u, name, "")
		switch {
		case err != nil && len(among) > 1:
			return "", fault.New(fault.Unavailable, fault.Upstream,
				"The upstream %s does not say whether it has a bucket %s. Name the upstream that has it", in, name).Because(err)
		case err != nil:
			return "", err
		case has:
			found = append(found, in)
		}
	}
	switch len(found) {
	case 0:
		return "", fault.New(fault.NotFound, fault.Bucket, "The store has no bucket %s", name)
	case 1:
		return found[0], nil
	}
	return "", fault.New(fault.Conflict, fault.Upstream, "Several upstreams have a bucket %s: %s. Name one of them", name,
		strings.Join(found, ", "))
}

// Registered returns at most limit buckets of all accounts, in the order of their names, beginning behind the name
// after. in is the upstream that has them; empty: any. more says whether there are further ones. It is only for the
// server's operator.
func (b *Buckets) Registered(
	ctx context.Context, in, after string, limit int,
) (page []*bucket.Bucket, more bool, err error) {
	for bucket, err := range store.Buckets.All(ctx, b.Control.DB) {
		if err != nil {
			return nil, false, err
		}
		if bucket.Name > after && (in == "" || in == StoreName(bucket)) {
			page = append(page, bucket)
		}
	}
	slices.SortFunc(page, func(x, y *bucket.Bucket) int { return cmp.Compare(x.Name, y.Name) })
	if len(page) > limit {
		return page[:limit], true, nil
	}
	return page, false, nil
}

// Stray is a bucket in a store that no account has.
type Stray struct {
	upstream.Stored
	Upstream string
}

// place orders strays: by name, then by upstream. It is what a page begins behind.
func (s *Stray) place() string { return s.Name + "\x00" + s.Upstream }

// Strays are a page of the buckets that no account has.
type Strays struct {
	Page []Stray
	Next string   // where the next page begins; empty: there is none
	Away []string // the upstreams that do not answer, whose buckets are not in the page
}

// Unregistered lists the buckets in the stores that no account has, at most limit, in the order of their names,
// beginning behind after. in is the upstream that has them; empty: any. These include a bucket in a store whose name is
// registered, if the registration is of another bucket of that name. Such a bucket does not exist for clients. A store
// that does not answer is told, and the others are listed all the same.
func (b *Buckets) Unregistered(ctx context.Context, call *control.Call, in, after string, limit int) (Strays, error) {
	among := b.Names()
	if in != "" {
		among = []string{in}
	}
	var all Strays
	var failed error
	for _, name := range among {
		some, err := b.straysIn(ctx, call, name, after, limit+1)
		if err != nil {
			all.Away, failed = append(all.Away, name), err
		}
		all.Page = append(all.Page, some...)
	}
	if len(all.Away) == len(among) {
		return Strays{}, failed
	}
	slices.SortFunc(all.Page, func(x, y Stray) int { return cmp.Compare(x.place(), y.place()) })
	if len(all.Page) > limit {
		all.Page = all.Page[:limit]
		all.Next = all.Page[limit-1].place()
	}
	return all, nil
}

// straysIn lists the buckets of one upstream that no account has. After a failure it returns none.
func (b *Buckets) straysIn(
	ctx context.Context, call *control.Call, name, after string, limit int,
) (page []Stray, err error) {
	u, err := b.named(name)
	if err != nil {
		return nil, err
	}
	for stored, err := range upstream.Buckets(ctx, u) {
		if err != nil {
			return nil, err
		}
		s := Stray{stored, name}
		if s.place() <= after {
			continue
		}
		if ours := call.Snapshot.Bucket(s.Name); ours != nil && StoreName(ours) == name {
			err := b.Genuine(ctx, ours)
			if err == nil {
				continue
			}
			if !fault.Is(err, fault.NotFound, fault.Bucket) {
				return nil, err
			}
		}
		if page = append(page, s); len(page) == limit {
			break
		}
	}
	return page, nil
}
