package sts

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"latchkey/internal/fault"
	"latchkey/internal/iam"
)

// The claims with which an identity provider sets contents of a session (IAM user guide, "Pass session tags in AWS STS"
// and "Monitor and control actions taken with assumed roles"). Tags are in one object, or each tag is in a claim of its
// own whose name begins with that name.
const (
	claimTags           = "https://aws.amazon.com/tags"
	claimSourceIdentity = "https://aws.amazon.com/source_identity"

	principalTags  = "principal_tags"
	transitiveTags = "transitive_tag_keys"
)

// tagText is what keys and values of tags consist of (STS API reference, Tag). The wire model checks the same for the
// tags of AssumeRole, but nothing else checks those of a claim.
var tagText = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

// addClaims adds to a request what the token's claims ask for.
func (v *verifiedToken) addClaims(in *AssumeRole) error {
	all := v.claims.All
	if c, ok := all[claimSourceIdentity]; ok {
		text, isText := c.(string)
		if !isText || text == "" {
			return rejected(claimSourceIdentity, "is not a text")
		}
		in.SourceIdentity = text
		if err := in.check(); err != nil {
			return rejected(claimSourceIdentity, "cannot be a source identity")
		}
	}
	if c, ok := all[claimTags]; ok {
		object, isObject := c.(map[string]any)
		if !isObject {
			return rejected(claimTags, "is not an object")
		}
		if tags, ok := object[principalTags]; ok {
			each, isObject := tags.(map[string]any)
			if !isObject {
				return rejected(claimTags, "has "+principalTags+" that are not an object")
			}
			for _, k := range slices.Sorted(maps.Keys(each)) {
				if err := in.addTag(k, each[k]); err != nil {
					return err
				}
			}
		}
		if err := in.addTransitive(object[transitiveTags]); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if key, ok := strings.CutPrefix(name, claimTags+"/"+principalTags+"/"); ok {
			if err := in.addTag(key, all[name]); err != nil {
				return err
			}
		}
	}
	return in.addTransitive(all[claimTags+"/"+transitiveTags])
}

// addTag adds one tag. Its value must be a text or a list of one text.
func (in *AssumeRole) addTag(key string, value any) error {
	list := textList(value)
	if len(list) != 1 {
		return rejected(claimTags, "has a tag whose value is not one text")
	}
	if !tagText.MatchString(key) || !tagText.MatchString(list[0]) {
		return rejected(claimTags, "has a tag with characters that tags cannot have")
	}
	in.Tags = append(in.Tags, iam.Tag{Key: key, Value: list[0]})
	return nil
}

func (in *AssumeRole) addTransitive(keys any) error {
	if keys == nil {
		return nil
	}
	list := textList(keys)
	if list == nil {
		return rejected(claimTags, "has "+transitiveTags+" that are not a list of texts")
	}
	in.TransitiveTagKeys = append(in.TransitiveTagKeys, list...)
	return nil
}

// textList returns a claim that is a text or a list of texts. It returns nil for any other claim.
func textList(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		list := make([]string, 0, len(v))
		for _, x := range v {
			s, ok := x.(string)
			if !ok {
				return nil
			}
			list = append(list, s)
		}
		return list
	}
	return nil
}

func rejected(claim, why string) error {
	return fault.New(fault.Denied, fault.IdentityToken, "The claim %s of the token %s", claim, why).For(fault.ClaimInvalid)
}
