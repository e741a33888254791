package oidc

import (
	"strings"

	"github.com/go-jose/go-jose/v4/json"
)

// EmailVerified says what the issuer says of the address in the claim email. said is false if it says nothing: the
// claim email_verified is absent. Some issuers write the boolean as a text or as a number. Only the spellings of true
// count as verified, so that no spelling of false is overlooked.
func (c *Claims) EmailVerified() (verified, said bool) {
	v, said := c.All["email_verified"]
	switch v := v.(type) {
	case bool:
		return v, said
	case string:
		return strings.EqualFold(v, "true") || v == "1", said
	case json.Number:
		return v == "1", said
	}
	return false, said
}
