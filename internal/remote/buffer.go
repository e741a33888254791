package remote

import (
	"io"
	"math/bits"
	"sync"
	"sync/atomic"
)

// The sizes of the buffers that content is copied by: powers of two, so that one pool for each is enough.
const (
	minBuffer   = 4 << 10
	usualBuffer = 128 << 10
	maxBuffer   = 1 << 20

	// maxLarge is how many bytes of buffers larger than usualBuffer are in use at once. When many objects are copied at
	// once, each is slow anyway.
	maxLarge = 64 << 20
)

// pools are pools of buffers by their size.
type pools struct {
	bySize [9]sync.Pool // 4 KiB to 1 MiB
	large  atomic.Int64 // bytes of large buffers that are in use
}

var buffers pools

// get returns a buffer for content of a length that is known, or of unknown length if it is negative. A large buffer
// makes few system calls: with 32 KiB, copying takes twice as much CPU time.
func (p *pools) get(length int64) *[]byte {
	if length < 0 || length > maxBuffer {
		length = maxBuffer
	}
	i := 0
	if length > minBuffer {
		i = index(length)
	}
	if size := int64(minBuffer << i); size > usualBuffer && p.large.Add(size) > maxLarge {
		p.large.Add(-size)
		i = index(usualBuffer)
	}
	if b, ok := p.bySize[i].Get().(*[]byte); ok {
		return b
	}
	b := make([]byte, minBuffer<<i)
	return &b
}

// put gives a buffer back.
func (p *pools) put(b *[]byte) {
	if len(*b) > usualBuffer {
		p.large.Add(-int64(len(*b)))
	}
	p.bySize[index(int64(len(*b)))].Put(b)
}

// index is the pool of the smallest buffers that have room for a length of at least minBuffer.
func index(length int64) int { return bits.Len64(uint64(length-1)) - bits.Len(minBuffer-1) }

// copy copies content of a length that is known, or of unknown length if it is negative, by one buffer.
func (p *pools) copy(to io.Writer, from io.Reader, length int64) (total int64, err error) {
	buf := p.get(length)
	defer p.put(buf)
	for {
		n, err := from.Read(*buf)
		if n > 0 {
			n, failed := to.Write((*buf)[:n])
			total += int64(n)
			if failed != nil {
				return total, failed
			}
		}
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}
