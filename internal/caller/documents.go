package caller

import (
	"sync"

	"latchkey/internal/access"
	"latchkey/internal/policy"
)

// How many documents are kept. They come from what clients hold, so their number needs a bound.
const (
	maxScopes   = 4096
	maxPolicies = 512
)

// documents keeps the policies of sessions compiled between requests. Each is kept under all that it was made
// from, so that there is nothing that could be out of date. The zero documents is ready for use.
type documents struct {
	mu     sync.RWMutex
	scopes map[scopeKey]*policy.Document
	texts  map[string]*policy.Document
}

// scopeKey is all that the policy of a vended credential is made from.
type scopeKey struct {
	scope, permission string
	objectOnly        bool
}

// ofScope is the policy of a vended credential.
func (d *documents) ofScope(k scopeKey) (*policy.Document, error) {
	if doc := kept(d, &d.scopes, k); doc != nil {
		return doc, nil
	}
	scope, err := access.ParseScope(k.scope)
	if err != nil {
		return nil, err
	}
	doc := policy.DataAccess(scope.Bucket(), scope.Key(), !scope.Wildcard(), k.permission, k.objectOnly)
	keep(d, &d.scopes, k, doc, maxScopes)
	return doc, nil
}

// ofText is a session policy.
func (d *documents) ofText(text string) (*policy.Document, error) {
	if doc := kept(d, &d.texts, text); doc != nil {
		return doc, nil
	}
	doc, err := policy.Parse(text, policy.Session)
	if err != nil {
		return nil, err
	}
	keep(d, &d.texts, text, doc, maxPolicies)
	return doc, nil
}

func kept[K comparable](d *documents, m *map[K]*policy.Document, k K) *policy.Document {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return (*m)[k]
}

// keep adds a document. A full map is emptied: what is in use is back soon.
func keep[K comparable](d *documents, m *map[K]*policy.Document, k K, doc *policy.Document, limit int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if *m == nil || len(*m) >= limit {
		*m = make(map[K]*policy.Document)
	}
	(*m)[k] = doc
}
