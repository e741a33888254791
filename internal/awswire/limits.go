package awswire

import (
	"time"

	"latchkey/internal/budget"
)

// maxDepth bounds the nesting of a body, in XML, forms and JSON alike. AWS's own shapes have fewer than ten levels.
const maxDepth = 40

// Usual is the budget of a request of which nothing else is known. Few of AWS's operations take more than some
// hundred values.
var Usual = budget.Budget{Bytes: 256 << 10, Elements: 10_000, Depth: maxDepth, Time: 30 * time.Second}

// answers is the budget for reading an answer. A bound on bytes would not bound memory, because a short element can
// become a large Go struct. AWS's longest listings have some ten thousand elements.
var answers = budget.Budget{Elements: 250_000, Depth: maxDepth}

// full reports whether a list or a map that has n elements may have no further one.
func (v *value) full(n int) bool { return v.hasMax && int64(n) >= v.max }

// overlong is the fault of a list or a map with more elements than the model allows. It has the words of validate,
// which never sees such a list: the decoder builds no element that is one too many.
func (v *value) overlong(at string) error {
	var vs violations
	vs.add(v, at, "", "Member must have length less than or equal to %d", v.max)
	return vs.fault()
}
