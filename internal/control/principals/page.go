package principals

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strings"

	"latchkey/internal/control"
	"latchkey/internal/fault"
)

// Ask is the page of a list that a client wants. Max nil or 0 means 100, IAM's default. The maximum is 1000.
type Ask struct {
	Marker string
	Max    *int32
}

// Page is one page of a list. An empty Marker says that it is the last.
type Page[T any] struct {
	Items  []T
	Marker string
}

const (
	pageDefault = 100
	pageMost    = 1000
)

// pager is what every list needs: whose markers it seals, and which page is asked for.
type pager struct {
	control *control.Control
	call    *control.Call
	ask     Ask
}

// turn returns one page of all, ordered by key, which must be unique. list names the list: operation, account and
// filters. A marker is the last key of its page, sealed for its list. A marker that was changed, or belongs to another
// list, does not open. Entries that are added or removed between two pages do not shift the others.
func turn[T any](p pager, all []T, key func(T) string, list ...string) (Page[T], error) {
	size, err := control.PageSize(p.ask.Max, pageDefault, pageMost)
	if err != nil {
		return Page[T]{}, err
	}
	purpose := "marker:" + string(p.call.Account) + "\x00" + strings.Join(list, "\x00")
	rest := slices.SortedFunc(slices.Values(all), func(a, b T) int { return cmp.Compare(key(a), key(b)) })
	if p.ask.Marker != "" {
		last, err := openMarker(p.control, purpose, p.ask.Marker)
		if err != nil {
			return Page[T]{}, err
		}
		i, found := slices.BinarySearchFunc(rest, last, func(v T, last string) int { return cmp.Compare(key(v), last) })
		if found {
			i++
		}
		rest = rest[i:]
	}
	if len(rest) <= size {
		return Page[T]{Items: rest}, nil
	}
	sealed := p.control.Ring.Seal(purpose, []byte(key(rest[size-1])))
	return Page[T]{Items: rest[:size], Marker: base64.RawURLEncoding.EncodeToString(sealed)}, nil
}

func openMarker(c *control.Control, purpose, marker string) (string, error) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(marker)
	if err != nil {
		return "", fault.New(fault.Invalid, fault.NextToken, "Invalid Marker.").Because(err)
	}
	key, err := c.Ring.Unseal(purpose, sealed)
	if err != nil {
		return "", fault.New(fault.Invalid, fault.NextToken, "Invalid Marker.").Because(err)
	}
	return string(key), nil
}
