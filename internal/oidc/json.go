package oidc

import (
	"bytes"
	stdjson "encoding/json"
	"errors"

	"github.com/go-jose/go-jose/v4/json"
)

var errJSON = errors.New("it is not one JSON value with nothing behind it")

// decode reads one JSON document of an issuer or of a token. No other code in this package reads JSON. It refuses a
// document with anything but white space behind it, one with a member twice, and one that is nested without end: two
// readers may understand such a document differently. Names of members are compared byte by byte.
func decode(document []byte, v any) error {
	if !stdjson.Valid(document) { // it also bounds the depth, which the other decoder does not
		return errJSON
	}
	d := json.NewDecoder(bytes.NewReader(document))
	d.SetNumberType(json.UnmarshalJSONNumber)
	return d.Decode(v)
}
