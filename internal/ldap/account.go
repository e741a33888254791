package ldap

import (
	"strconv"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// statusAttributes are the attributes by which the vendors mark a disabled account.
var statusAttributes = []string{"userAccountControl", "accountExpires", "nsAccountLock", "pwdAccountLockedTime"}

// disabled reports whether the account of an entry is disabled at the moment. If the status cannot be read, the
// account counts as disabled, and problem says why.
func disabled(e *ldap.Entry, now time.Time) (off bool, problem string) {
	for _, a := range statusAttributes {
		for _, v := range rawValues(e, a) {
			is, ok := disabledBy(a, string(v), now)
			if !ok {
				return true, "its " + a + " cannot be read, so it counts as disabled"
			}
			off = off || is
		}
	}
	return off, ""
}

func disabledBy(attribute, value string, now time.Time) (off, ok bool) {
	switch attribute {
	case "userAccountControl": // 2 is ACCOUNTDISABLE ([MS-ADTS] 2.2.16)
		flags, err := strconv.ParseInt(value, 10, 64)
		return flags&2 != 0, err == nil
	case "accountExpires": // 100 ns since 1601; 0 and the largest number mean never ([MS-ADA1] 2.3)
		at, err := strconv.ParseInt(value, 10, 64)
		if err != nil || at < 0 {
			return true, false
		}
		if at == 0 || at == 1<<63-1 {
			return false, true
		}
		const to1970 = 11_644_473_600
		return !now.Before(time.Unix(at/1e7-to1970, at%1e7*100)), true
	case "nsAccountLock":
		switch strings.ToLower(value) {
		case "true":
			return true, true
		case "false":
			return false, true
		}
		return true, false
	}
	// pwdAccountLockedTime: only this value is a lock that an administrator set. Other locks end by themselves
	// (draft-behera-ldap-password-policy, 5.3.3).
	return value == "000001010000Z", true
}
