package policy

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
)

// Presence says when a condition key is in the context of a request.
type Presence uint8

// The presences.
const (
	Never     Presence = iota // known, and absent from every request
	Sometimes                 // depends on the caller, the operation or the request
	Always                    // in every request
)

func (p Presence) String() string { return [...]string{"never", "sometimes", "always"}[min(p, Always)] }

// ConditionKey is a row of the registry of condition keys.
type ConditionKey struct {
	// Name is the key as AWS writes it. A name that ends in a slash stands for every key that begins with it, such as
	// aws:PrincipalTag/department.
	Name     string
	Type     string // AWS's data type: String, ARN, Bool, Date, Numeric, IP address; with " list" if it has many values
	Presence Presence
	Meaning  string // what the value is; of a key that is never present, why it is not
}

// ConditionKeys is the registry of condition keys, in the order of the documentation. It has every key of aws:, s3:,
// sts: and iam: that AWS documents. Of other services it has the keys that AWS sets across services, and those that the
// server sets. It has no keys of OpenID Connect providers, whose names are the providers' own. Nobody may change the
// result.
func ConditionKeys() []ConditionKey { return keyRegistry().all }

// KeyNamed finds the row of a condition key, regardless of case.
func KeyNamed(name string) (ConditionKey, bool) { return keyRegistry().find(strings.ToLower(name)) }

//go:embed conditionkeys.txt
var keyTable string

type keys struct {
	all    []ConditionKey
	byName map[string]int // of lower-case names
}

// keyRegistry is read once and does not change.
var keyRegistry = sync.OnceValue(func() *keys {
	k, err := parseKeys(keyTable)
	if err != nil {
		// A test loads the registry, so this cannot happen in a release.
		panic("policy: the embedded registry of condition keys is broken: " + err.Error())
	}
	return k
})

func parseKeys(table string) (*keys, error) {
	k := &keys{byName: map[string]int{}}
	for line := range tableLines(table) {
		f := strings.Split(line, " | ")
		if len(f) != 4 {
			return nil, fmt.Errorf("%q does not have four columns", line)
		}
		row := ConditionKey{Name: f[0], Type: f[1], Meaning: f[3]}
		switch f[2] {
		case "never":
		case "sometimes":
			row.Presence = Sometimes
		case "always":
			row.Presence = Always
		default:
			return nil, fmt.Errorf("%q does not say when the key is present", line)
		}
		lower := strings.ToLower(row.Name)
		if _, twice := k.byName[lower]; twice {
			return nil, fmt.Errorf("%s is there twice", row.Name)
		}
		k.byName[lower] = len(k.all)
		k.all = append(k.all, row)
	}
	return k, nil
}

// tableLines yields the lines of an embedded table that are neither empty nor comments.
func tableLines(table string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for line := range strings.Lines(table) {
			line = strings.TrimSuffix(line, "\n")
			if line != "" && line[0] != '#' && !yield(line) {
				return
			}
		}
	}
}

// find returns the row of a lower-case key. A row that ends in a slash needs something behind the slash.
func (k *keys) find(lower string) (ConditionKey, bool) {
	i, ok := k.byName[lower]
	if slash := strings.IndexByte(lower, '/'); slash >= 0 {
		if slash == len(lower)-1 {
			return ConditionKey{}, false
		}
		if !ok {
			i, ok = k.byName[lower[:slash+1]]
		}
	}
	if !ok {
		return ConditionKey{}, false
	}
	return k.all[i], true
}

// undocumented reports whether a lower-case key has no meaning anywhere: it is one of aws:, s3:, sts: or iam: that AWS
// does not document, or no well-formed key at all. Every other key is known, or known to be absent.
//
// An undocumented key is a mistake, such as aws:SorceIp. On AWS it is absent, so that a Deny that depends on it never
// applies. Here its condition fails in an Allow and is fulfilled in a Deny.
func undocumented(key string) bool {
	vendor, name, _ := strings.Cut(key, ":")
	switch vendor {
	case "aws", "s3", "sts", "iam":
		_, ok := keyRegistry().find(key)
		return !ok
	}
	return !wellFormed(vendor, name)
}

// wellFormed reports whether a key of another service or provider could be one. Providers are named by host and path.
func wellFormed(vendor, name string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	return vendor != "" && name != "" && strings.Trim(vendor, letters+"-._~/") == "" &&
		strings.ContainsRune(letters, rune(vendor[0])) && name == strings.TrimSpace(name)
}

// ofProvider reports whether a lower-case key is one of a web identity provider, such as
// token.actions.githubusercontent.com:sub. Its vendor is the name of a host.
func ofProvider(key string) bool {
	vendor, name, _ := strings.Cut(key, ":")
	host, _, _ := strings.Cut(vendor, "/")
	return strings.Contains(host, ".") && wellFormed(vendor, name)
}
