package broker

import (
	"slices"
	"strings"
	"unicode/utf8"

	"latchkey/internal/access"
	"latchkey/internal/fault"
)

// Fence is everything that a session may reach. The zero Fence is nothing.
type Fence struct {
	Bucket     string // as the store calls it
	Prefix     string // every key that begins with it; with Exact this one key
	Exact      bool
	Permission access.Permission
	ObjectOnly bool // the session may not list

	// Without are actions of S3 that the session may not do although its permission has them.
	Without []string
}

// FenceOf is the fence of a scope, which must have a bucket.
func FenceOf(s access.Scope, p access.Permission, objectOnly bool) Fence {
	return Fence{Bucket: s.Bucket(), Prefix: s.Key(), Exact: !s.Wildcard(), Permission: p, ObjectOnly: objectOnly}
}

// nothing reports whether no request is inside the fence.
func (f *Fence) nothing() bool {
	return f.Bucket == "" || !f.Permission.Valid() || f.Exact && f.Prefix == ""
}

// lists reports whether the session may list what is inside the fence.
func (f *Fence) lists() bool {
	return f.Permission.Covers(access.Read) && !f.Exact && !f.ObjectOnly
}

// kept is the actions that the fence does not leave out.
func (f *Fence) kept(actions []string) []string {
	return slices.DeleteFunc(actions, func(a string) bool { return slices.Contains(f.Without, a) })
}

// special are the characters that policies take for wildcards and variables.
const special = "*?$"

// check refuses names that the dialect cannot write literally. escapes says whether the store was seen to read them.
func (f *Fence) check(d Dialect, escapes bool) error {
	if !utf8.ValidString(f.Bucket + f.Prefix) {
		return fault.Refuse(fault.Invalid, fault.Request, fault.PrefixNotFenced,
			"The store behind the location cannot fence a name that is not UTF-8.")
	}
	if d == R2 || !strings.ContainsAny(f.Bucket+f.Prefix, special) || escapes && allTraits[d].escapes {
		return nil
	}
	at := f.Prefix[max(0, strings.IndexAny(f.Prefix, special)):]
	return fault.Refuse(fault.Invalid, fault.Request, fault.PrefixNotFenced,
		"The store behind the location cannot fence a name with %q: its session policies take it for a wildcard or a "+
			"variable. A location that vends sealed credentials can.", at[:min(1, len(at))])
}
