package sts

import (
	"encoding/json"
	"testing"

	"latchkey/internal/oidc"
)

// The tags and the source identity of a session follow the rules, whatever claims the token has.
func FuzzSessionClaims(f *testing.F) {
	f.Add(`{"https://aws.amazon.com/tags":{"principal_tags":{"team":["a"]},"transitive_tag_keys":["team"]}}`)
	f.Add(
		`{"https://aws.amazon.com/tags/principal_tags/team":"a","https://aws.amazon.com/tags/transitive_tag_keys":"team"}`,
	)
	f.Add(`{"https://aws.amazon.com/source_identity":"alice"}`)
	f.Add(`{"https://aws.amazon.com/tags":null,"https://aws.amazon.com/source_identity":null}`)
	f.Add(`{"https://aws.amazon.com/tags":{"principal_tags":[["team"]],"transitive_tag_keys":{}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var all map[string]any
		if json.Unmarshal([]byte(text), &all) != nil {
			return
		}
		in := AssumeRole{SessionName: "session"}
		if (&verifiedToken{claims: &oidc.Claims{All: all}}).addClaims(&in) != nil {
			return
		}
		if err := in.check(); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		for _, tag := range in.Tags {
			if !tagText.MatchString(tag.Key) || !tagText.MatchString(tag.Value) {
				t.Errorf("%s: %+v", text, tag)
			}
		}
	})
}
