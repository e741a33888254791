package control

import (
	"latchkey/internal/access"
	"latchkey/internal/policy"
)

// Values makes a condition context of keys that have one value each.
func Values(pairs ...string) (v policy.Values) {
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

// Tagged returns values with a key for each tag. prefix is aws:RequestTag/ or aws:ResourceTag/.
func Tagged(values policy.Values, prefix string, tags []access.Tag) policy.Values {
	v := values.Clone()
	for _, t := range tags {
		v.Set(prefix+t.Key, t.Value)
	}
	return v
}
