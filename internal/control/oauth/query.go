package oauth

import (
	"net/url"

	"latchkey/internal/awswire"
	"latchkey/internal/budget"
	"latchkey/internal/fault"
)

// maxRequest is the longest query of a page, in bytes. Anybody can send one, so it is bounded before it is parsed.
const maxRequest = 8192

// parseQuery reads the query of a page.
func parseQuery(query string) (url.Values, error) {
	if len(query) > maxRequest {
		return nil, fault.New(fault.TooLarge, fault.Request, "the query has more than %d bytes", maxRequest)
	}
	return awswire.ParseForm(budget.Budget{Elements: 50}, query)
}
