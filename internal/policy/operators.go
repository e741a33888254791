package policy

import (
	"cmp"
	"encoding/base64"
	"errors"
	"math/big"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var errValue = errors.New("not a value for this operator")

// parse reads a value for the operators that do not compare text.
func (v *value) parse(op operator, s string) (err error) {
	switch {
	case op >= opNumericEquals && op <= opNumericGreaterEquals:
		v.number, err = parseNumber(s)
	case op >= opDateEquals && op <= opDateGreaterEquals:
		v.time, err = parseDate(s)
	case op == opBool || op == opNull:
		switch {
		case strings.EqualFold(s, "true"):
			v.truth = true
		case !strings.EqualFold(s, "false"):
			err = errValue
		}
	case op == opBinaryEquals:
		var b []byte
		b, err = base64.StdEncoding.Strict().DecodeString(s)
		v.literal = string(b)
	case op == opIPAddress:
		v.network, err = parseNetwork(s)
	default:
		err = errValue
	}
	return err
}

// compare decides whether have is in the operator's relation to want. For a network, have is one address.
func (op operator) compare(have, want *value) bool {
	switch op {
	case opNumericEquals:
		return have.number.cmp(want.number) == 0
	case opNumericLess:
		return have.number.cmp(want.number) < 0
	case opNumericLessEquals:
		return have.number.cmp(want.number) <= 0
	case opNumericGreater:
		return have.number.cmp(want.number) > 0
	case opNumericGreaterEquals:
		return have.number.cmp(want.number) >= 0
	case opDateEquals:
		return have.time.Equal(want.time)
	case opDateLess:
		return have.time.Before(want.time)
	case opDateLessEquals:
		return !have.time.After(want.time)
	case opDateGreater:
		return have.time.After(want.time)
	case opDateGreaterEquals:
		return !have.time.Before(want.time)
	case opBool:
		return have.truth == want.truth
	case opBinaryEquals:
		return have.literal == want.literal
	case opIPAddress:
		return want.network.Contains(have.network.Addr())
	}
	return false
}

// number is a decimal number, compared exactly.
type number struct {
	whole int64
	exact *big.Rat // set if the number is not an int64
}

var decimal = regexp.MustCompile(`^[+-]?[0-9]{1,40}(\.[0-9]{1,40})?$`)

func parseNumber(s string) (number, error) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return number{whole: n}, nil
	}
	if !decimal.MatchString(s) {
		return number{}, errValue
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return number{}, errValue
	}
	return number{exact: r}, nil
}

func (n number) cmp(m number) int {
	if n.exact == nil && m.exact == nil {
		return cmp.Compare(n.whole, m.whole)
	}
	return n.rat().Cmp(m.rat())
}

func (n number) rat() *big.Rat {
	if n.exact != nil {
		return n.exact
	}
	return new(big.Rat).SetInt64(n.whole)
}

// The layouts of the W3C profile of ISO 8601, which AWS names. A time without a zone is UTC.
var dateLayouts = [...]string{
	time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05.999999999",
	"2006-01-02T15:04", "2006-01-02", "2006-01", "2006",
}

// parseDate reads an ISO 8601 date. It takes a text of more than four digits and nothing else for seconds since 1970.
func parseDate(s string) (time.Time, error) {
	if len(s) != 4 {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			if n < 0 || n > 1<<40 {
				return time.Time{}, errValue
			}
			return time.Unix(n, 0), nil
		}
	}
	if strings.HasSuffix(s, "z") {
		s = strings.ToUpper(s)
	}
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errValue
}

// parseNetwork reads an address or CIDR range. IPv4 addresses written as IPv6 are IPv4 addresses.
func parseNetwork(s string) (netip.Prefix, error) {
	addr, bits, ranged := strings.Cut(s, "/")
	a, err := netip.ParseAddr(addr)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, errValue
	}
	n := a.BitLen()
	if ranged {
		p, err := netip.ParsePrefix(s)
		if err != nil || len(bits) == 0 {
			return netip.Prefix{}, errValue
		}
		n = p.Bits()
	}
	if a.Is4In6() && n >= 96 {
		a, n = a.Unmap(), n-96
	}
	return netip.PrefixFrom(a, n).Masked(), nil
}
