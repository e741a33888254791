package identitycenter

import (
	"latchkey/internal/control"
)

// Page is a part of a list.
type Page[T any] struct {
	Items []T
	Next  string // the token of the next page; empty: this is the last
}

// Cut is where a page of a list begins and how long it is at most.
type Cut struct {
	Token string
	Size  int
}

// listName identifies a list, so that a page token fits one list only: the operation, the caller, and about, which is
// what is listed.
func listName(call *control.Call, operation string, about ...string) string {
	name := operation + "\x00" + string(call.Account) + "\x00" + call.Principal.ID
	for _, a := range about {
		name += "\x00" + a
	}
	return name
}

// checkToken checks the page token of a list that always fits on one page.
func checkToken(c *control.Control, token, list string) error {
	_, err := c.After(list, token)
	return err
}

// cutPage returns one page of a list, which must be ordered by number. list is the list's name.
func cutPage[T any](c *control.Control, at Cut, all []T, list string, number func(T) int64) (Page[T], error) {
	after, err := c.After(list, at.Token)
	if err != nil {
		return Page[T]{}, err
	}
	p := Page[T]{}
	for _, v := range all {
		if number(v) <= after {
			continue
		}
		if len(p.Items) == at.Size {
			p.Next = c.NextToken(list, number(p.Items[at.Size-1]))
			break
		}
		p.Items = append(p.Items, v)
	}
	return p, nil
}
