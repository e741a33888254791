package control

import (
	"encoding/base64"
	"encoding/binary"

	"latchkey/internal/fault"
)

// A page token is opaque and authenticated. It is the sequence number after which the next page begins, sealed for one
// list: for one operation, account, region and set of filters. A token that was changed, or that belongs to another
// list, cannot be opened.

// NextToken returns the token of the page that begins after this sequence number. list names the list: operation,
// account, region and filters, in any unambiguous form.
func (c *Control) NextToken(list string, after int64) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(after))
	return base64.RawURLEncoding.EncodeToString(c.Ring.Seal("page:"+list, b[:]))
}

// After returns the sequence number in a token of this list. An empty token is the first page.
func (c *Control) After(list, token string) (int64, error) {
	if token == "" {
		return 0, nil
	}
	bad := fault.New(fault.Invalid, fault.NextToken, "The provided NextToken is not valid.")
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return 0, bad.Because(err)
	}
	b, err := c.Ring.Unseal("page:"+list, sealed)
	if err != nil || len(b) != 8 {
		return 0, bad.Because(err)
	}
	return int64(binary.BigEndian.Uint64(b)), nil
}

// PageSize returns the page size for what a client asked. nil and zero mean the default.
func PageSize(asked *int32, byDefault, limit int) (int, error) {
	if asked == nil || *asked == 0 {
		return byDefault, nil
	}
	if *asked < 0 || int(*asked) > limit {
		return 0, fault.New(fault.Invalid, fault.Member, "maxResults must be between 0 and %d", limit)
	}
	return int(*asked), nil
}
