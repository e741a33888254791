package objects

import (
	"strconv"
	"strings"

	"latchkey/internal/fault"
)

// span is a run of bytes of an object.
type span struct {
	offset, length int64
}

// parseRange reads a Range header for an object of the given size. As S3 does, it ignores (whole: true) a header that
// is not one well-formed range of bytes, such as a list of ranges. A well-formed range outside of the object fails with
// 416.
func parseRange(header string, size int64) (sp span, whole bool, err error) {
	all := span{0, size}
	unit, spec, ok := strings.Cut(header, "=")
	if !ok || !strings.EqualFold(strings.TrimSpace(unit), "bytes") {
		return all, true, nil
	}
	first, last, ok := strings.Cut(strings.TrimSpace(spec), "-")
	if !ok {
		return all, true, nil
	}
	unsatisfiable := fault.New(fault.Range, fault.ByteRange, "The requested range is not satisfiable").
		With("RangeRequested", header).With("ActualObjectSize", itoa(size))
	if first == "" {
		n, ok := parseOffset(last)
		switch {
		case !ok:
			return all, true, nil
		case n == 0 || size == 0:
			return span{}, false, unsatisfiable
		}
		n = min(n, size)
		return span{size - n, n}, false, nil
	}
	from, ok := parseOffset(first)
	if !ok {
		return all, true, nil
	}
	to := size - 1
	if last != "" {
		n, ok := parseOffset(last)
		if !ok || n < from {
			return all, true, nil
		}
		to = min(n, to)
	}
	if from >= size {
		return span{}, false, unsatisfiable
	}
	return span{from, to - from + 1}, false, nil
}

// parseOffset reads decimal digits. A number beyond 63 bits becomes the largest one.
func parseOffset(s string) (int64, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	_ = err // only out of range is left, for which ParseInt returns the largest number
	return n, true
}

// parseCopyRange reads an x-amz-copy-source-range: one range with both ends, inside of the object.
func parseCopyRange(header string, size int64) (span, error) {
	bad := badArgument("x-amz-copy-source-range", header,
		"The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based "+
			"offsets of the first and last bytes to copy")
	spec, ok := strings.CutPrefix(header, "bytes=")
	first, last, dash := strings.Cut(spec, "-")
	from, ok1 := parseOffset(first)
	to, ok2 := parseOffset(last)
	if !ok || !dash || !ok1 || !ok2 || to < from {
		return span{}, bad
	}
	if to >= size {
		return span{}, badArgument("x-amz-copy-source-range", header,
			"Range specified is not valid for source object of size: %d", size)
	}
	return span{from, to - from + 1}, nil
}
