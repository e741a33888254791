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

// cut returns one page of a list, which must be ordered by number. name and about identify the list, so that a page
// token fits one list only.
func cut[T any](
	c *control.Control, call *control.Call, at Cut, all []T, number func(T) int64, name string, about ...string,
) (Page[T], error) {
	list := name + "\x00" + string(call.Account) + "\x00" + call.Principal.ID
	for _, a := range about {
		list += "\x00" + a
	}
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
