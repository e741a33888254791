package objects

import (
	"database/sql"
	"strings"
)

// roll walks a sorted set of keys as S3 lists them: those that begin with prefix and sort behind after, with the common
// prefixes in place of the keys that have the delimiter. It never reads the keys below a common prefix. It continues
// behind them.
type roll struct {
	prefix, delimiter, after string
	max                      int
}

// rolled is what a walk found besides the keys that it passed on.
type rolled struct {
	prefixes  []string
	last      string // the last key or common prefix
	truncated bool
}

// start is the first key that the listing may contain. ok is false if it can contain none.
func (r roll) start() (from string, ok bool) {
	from = r.prefix
	if r.after == "" || r.after < r.prefix {
		return from, true
	}
	// A common prefix sorts at or before every key below it. If after is a key below a common prefix, or the common prefix
	// itself, the listing is past that common prefix.
	if cp := r.common(r.after); cp != "" {
		return successor(cp)
	}
	return r.after + "\x00", true
}

// end is the first key behind all that begin with the prefix; nil if there is none.
func (r roll) end() any {
	end, ok := successor(r.prefix)
	if !ok || r.prefix == "" {
		return nil
	}
	return []byte(end)
}

// common is the common prefix of the key, empty for none.
func (r roll) common(key string) string {
	if r.delimiter == "" || !strings.HasPrefix(key, r.prefix) {
		return ""
	}
	i := strings.Index(key[len(r.prefix):], r.delimiter)
	if i < 0 {
		return ""
	}
	return key[:len(r.prefix)+i+len(r.delimiter)]
}

// walk opens the keys from a start on, and again behind each common prefix. scan reads the row's key. add adds the row
// that was scanned last to the page.
func (r roll) walk(
	open func(from []byte) (*sql.Rows, error), scan func(*sql.Rows) (string, error), add func(),
) (out rolled, err error) {
	count := 0
	for from, ok := r.start(); ok; {
		rows, err := open([]byte(from))
		if err != nil {
			return out, err
		}
		next, more := "", false
		for rows.Next() {
			key, err := scan(rows)
			if err != nil {
				rows.Close()
				return out, err
			}
			if count == r.max {
				out.truncated = true
				break
			}
			count++
			if cp := r.common(key); cp != "" {
				out.prefixes, out.last = append(out.prefixes, cp), cp
				next, more = successor(cp)
				break
			}
			add()
			out.last = key
		}
		if err := closeRows(rows); err != nil {
			return out, err
		}
		from, ok = next, more
	}
	return out, nil
}

func closeRows(rows *sql.Rows) error {
	if err := rows.Err(); err != nil {
		rows.Close()
		return err
	}
	return rows.Close()
}

// successor is the first string that sorts behind every string that begins with s. ok is false if there is none.
func successor(s string) (next string, ok bool) {
	b := []byte(s)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] < 0xff {
			b[i]++
			return string(b[:i+1]), true
		}
	}
	return "", false
}
