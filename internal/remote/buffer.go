package remote

import (
	"math/bits"
	"sync"
)

// The sizes of the buffers that content is copied by: a power of two, so that one pool each is enough.
const (
	minBuffer = 4 << 10
	maxBuffer = 1 << 20
)

// pools are pools of buffers by their size.
type pools [9]sync.Pool // 4 KiB to 1 MiB

var buffers pools

// get returns a buffer for content of a length that is known, or of maxBuffer for a negative length. A large buffer
// makes few system calls: with 32 KiB, copying takes twice as much CPU time.
func (p *pools) get(length int64) *[]byte {
	if length < 0 || length > maxBuffer {
		length = maxBuffer
	}
	i := 0
	if length > minBuffer {
		i = bits.Len64(uint64(length-1)) - bits.Len(minBuffer-1)
	}
	if b, ok := p[i].Get().(*[]byte); ok {
		return b
	}
	b := make([]byte, minBuffer<<i)
	return &b
}

func (p *pools) put(b *[]byte) { p[bits.Len(uint(len(*b)-1))-bits.Len(minBuffer-1)].Put(b) }
