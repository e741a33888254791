package access

const pageBits = 12 // 4096 entries a page

type page [1 << pageBits / 64]uint64

// deadSet marks removed entries of a layer. It is immutable: edits copy the pages that they change.
type deadSet struct {
	pages []*page
	n     int
}

func (d *deadSet) has(i uint32) bool {
	p := int(i >> pageBits)
	if p >= len(d.pages) || d.pages[p] == nil {
		return false
	}
	return d.pages[p][i>>6&(1<<(pageBits-6)-1)]>>(i&63)&1 != 0
}

// deadEdit makes one new deadSet out of an old one.
type deadEdit struct {
	set   deadSet
	owned map[int]bool
}

func (e *deadEdit) add(i uint32) {
	if e.set.has(i) {
		return
	}
	p := int(i >> pageBits)
	if e.owned == nil {
		e.owned = map[int]bool{}
		e.set.pages = append(make([]*page, 0, max(p+1, len(e.set.pages))), e.set.pages...)
	}
	for len(e.set.pages) <= p {
		e.set.pages = append(e.set.pages, nil)
	}
	if !e.owned[p] {
		e.owned[p] = true
		fresh := new(page)
		if old := e.set.pages[p]; old != nil {
			*fresh = *old
		}
		e.set.pages[p] = fresh
	}
	e.set.pages[p][i>>6&(1<<(pageBits-6)-1)] |= 1 << (i & 63)
	e.set.n++
}
