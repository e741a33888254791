package gateway

import (
	"slices"
	"strings"
)

// reachedList lists a prefix of which the caller may list only parts: it is the listing of a bucket that had no
// keys but those in the parts. The parts are prefixes that are longer than prefix. Nothing of other keys can be
// told from the answer, because the upstream is asked about the parts only.
type reachedList struct {
	prefix, delimiter string // delimiter: empty, or one byte
	after             string // only keys and common prefixes behind it
	max               int    // of keys and common prefixes together
	parts             []string
	more              bool // there are parts behind the last one

	may  func(part string) bool // whether the caller may list a part
	list func(part, delimiter, after string, max int) (*listed, error)
}

// listed is a page of keys and common prefixes, each in the order of their bytes.
type listed struct {
	objects   []listedObject
	prefixes  []string
	truncated bool
	last      string // the last key or common prefix; of a truncated page, that behind which the next one begins
}

// count is the number of keys and common prefixes.
func (l *listed) count() int { return len(l.objects) + len(l.prefixes) }

// common is the common prefix of a key, empty for none.
func (r *reachedList) common(key string) string {
	if r.delimiter == "" || !strings.HasPrefix(key, r.prefix) {
		return ""
	}
	i := strings.Index(key[len(r.prefix):], r.delimiter)
	if i < 0 {
		return ""
	}
	return key[:len(r.prefix)+i+len(r.delimiter)]
}

// afterAll sorts behind every key of a part, and before every part behind it.
const afterAll = "\U0010FFFF"

// page lists one page. A page may have fewer entries than max although more follow.
func (r *reachedList) page() (*listed, error) {
	out := &listed{}
	if r.max <= 0 {
		return out, nil
	}
	passed, whole := r.common(r.after), "" // the common prefix that after lies in; the part that was listed last
	for _, part := range r.parts {
		cp := r.common(part)
		switch {
		case cp != "" && (cp == passed || cp == out.last), whole != "" && strings.HasPrefix(part, whole), !r.may(part):
			continue
		}
		if out.count() == r.max { // whatever follows is on the next page, if there is anything
			found, err := r.list(part, "", r.after, 1)
			if err != nil {
				return nil, err
			}
			if out.truncated = found.count() > 0; out.truncated {
				return out, nil
			}
			continue
		}
		whole = part
		if err := r.add(out, part, cp); err != nil || out.truncated {
			return out, err
		}
	}
	if r.more {
		out.truncated, out.last = true, r.parts[len(r.parts)-1]+afterAll
	}
	return out, nil
}

// add adds what a part has to a page that is not full. cp is the common prefix of all its keys, empty for none.
func (r *reachedList) add(out *listed, part, cp string) error {
	if cp != "" {
		found, err := r.list(part, "", r.after, 1)
		if err == nil && found.count() > 0 {
			out.prefixes, out.last = append(out.prefixes, cp), cp
		}
		return err
	}
	after := r.after
	if passed := r.common(after); passed != "" {
		after = passed + afterAll
	}
	for {
		found, err := r.list(part, r.delimiter, after, r.max-out.count())
		if err != nil {
			return err
		}
		out.objects, out.prefixes = append(out.objects, found.objects...), append(out.prefixes, found.prefixes...)
		if found.count() > 0 {
			out.last = found.last
		}
		if !found.truncated {
			return nil
		}
		if out.truncated = out.count() >= r.max || found.count() == 0 || found.last <= after; out.truncated {
			return nil
		}
		if after = found.last; slices.Contains(found.prefixes, after) {
			after += afterAll // stores differ about a marker that is a common prefix itself
		}
	}
}
