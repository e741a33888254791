package caller

import (
	"fmt"
	"testing"
)

func TestDocumentsAreKeptApartAndBounded(t *testing.T) {
	var d documents
	keys := []scopeKey{{"s3://lake/p*", "READ", false}, {"s3://lake/p*", "READ", true}, {"s3://lake/p*", "WRITE", false},
		{"s3://lake/p", "READ", false}, {"s3://lake/q*", "READ", false}}
	seen := map[any]scopeKey{}
	for range 2 {
		for _, k := range keys {
			doc, err := d.ofScope(k)
			if err != nil {
				t.Fatal(err)
			}
			if other, ok := seen[doc]; ok && other != k {
				t.Errorf("%v and %v share a policy", k, other)
			}
			seen[doc] = k
		}
	}
	if len(seen) != len(keys) {
		t.Errorf("%d policies for %d scopes", len(seen), len(keys))
	}
	if _, err := d.ofScope(scopeKey{scope: "nonsense"}); err == nil {
		t.Error("no error for what is no scope")
	}
	if _, err := d.ofText("{"); err == nil || len(d.texts) != 0 {
		t.Error("what cannot be read was kept")
	}
	for i := range 2*maxPolicies + 10 {
		if _, err := d.ofText(fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",`+
			`"Action":"s3:x","Resource":"arn:aws:s3:::lake/%d"}]}`, i)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range maxScopes + 10 {
		if _, err := d.ofScope(scopeKey{fmt.Sprintf("s3://lake/%d*", i), "READ", false}); err != nil {
			t.Fatal(err)
		}
	}
	if len(d.texts) > maxPolicies || len(d.scopes) > maxScopes {
		t.Errorf("%d texts and %d scopes are kept", len(d.texts), len(d.scopes))
	}
}
