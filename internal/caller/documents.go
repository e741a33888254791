package caller

import (
	"sync"

	"latchkey/internal/access"
	"latchkey/internal/policy"
)

// How many documents are cached. They come from what clients send, so their number needs a bound.
const (
	maxScopes   = 4096
	maxPolicies = 512
)

// documents is a cache of the compiled policies of sessions. The key of each has everything that the document is made
// from, so that a cached document is never out of date. The zero documents is ready for use.
type documents struct {
	mu     sync.RWMutex
	scopes map[scopeKey]*policy.Document
	texts  map[string]*policy.Document
}

// scopeKey is everything that the policy of a vended credential is made from.
type scopeKey struct {
	scope, permission string
	objectOnly        bool
}

// ofScope returns the policy of a vended credential.
func (d *documents) ofScope(k scopeKey) (*policy.Document, error) {
	if doc := cached(d, &d.scopes, k); doc != nil {
		return doc, nil
	}
	scope, err := access.ParseScope(k.scope)
	if err != nil {
		return nil, err
	}
	doc := policy.DataAccess(scope.Bucket(), scope.Key(), !scope.Wildcard(), k.permission, k.objectOnly)
	cache(d, &d.scopes, k, doc, maxScopes)
	return doc, nil
}

// ofText returns a session policy, compiled.
func (d *documents) ofText(text string) (*policy.Document, error) {
	if doc := cached(d, &d.texts, text); doc != nil {
		return doc, nil
	}
	doc, err := policy.Parse(text, policy.Session)
	if err != nil {
		return nil, err
	}
	cache(d, &d.texts, text, doc, maxPolicies)
	return doc, nil
}

func cached[K comparable](d *documents, m *map[K]*policy.Document, k K) *policy.Document {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return (*m)[k]
}

// cache adds a document. It empties a full map first: documents that are in use are soon added again.
func cache[K comparable](d *documents, m *map[K]*policy.Document, k K, doc *policy.Document, limit int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if *m == nil || len(*m) >= limit {
		*m = make(map[K]*policy.Document)
	}
	(*m)[k] = doc
}
