package access

import (
	"container/heap"
	"iter"
	"math"
	"slices"
	"sort"
	"strings"
)

// ListRequest asks for the grants of a caller (ListCallerAccessGrants).
type ListRequest struct {
	Account       AccountID
	Region        string
	Identities    []Identity
	After         int64  // only grants with a larger Seq; that of the last grant of the page before
	ScopePrefix   string // the grant's scope must start with it, as text; see CheckScopePrefix
	AnyInstance   bool   // of all instances, whatever Account and Region say
	ByApplication bool   // only grants that can be used through Application
	Application   string
}

// CheckScopePrefix refuses what ListCallerAccessGrants refuses as its grantscope parameter. The first characters of a
// scope are enough. The empty text stands for every scope.
func CheckScopePrefix(s string) error {
	if s == "" {
		return nil
	}
	if !strings.HasPrefix(s, scheme) {
		return refuse(BadRequest, "GrantScope must start with s3://")
	}
	return checkText(s, BadRequest, "GrantScope")
}

// CallerApplication is the ApplicationArn of ListCallerAccessGrants. It is the grant's application, if there is one.
// Otherwise it is ALL for a directory grantee, and NA for an IAM grantee, to which applications do not apply (user
// guide, sample).
func (g Grant) CallerApplication() string {
	switch {
	case g.ApplicationARN != "":
		return g.ApplicationARN
	case g.Grantee.Type == IAM:
		return "NA"
	}
	return "ALL"
}

// ForIdentities goes through the grants of the identities, oldest first. A grant without an application can be used
// through every application, for every kind of grantee.
func (ix *Index) ForIdentities(r ListRequest) iter.Seq[Grant] {
	return func(yield func(Grant) bool) {
		in := instance{r.Account, r.Region}
		q := ix.queues(r.Identities, r.After)
		for len(q) > 0 {
			head := q[0]
			v := &ix.views[head.view]
			e := head.entries[0]
			if q[0].entries = head.entries[1:]; len(q[0].entries) == 0 {
				heap.Pop(&q)
			} else {
				q[0].seq = v.terms[q[0].entries[0]].seq
				heap.Fix(&q, 0)
			}
			if v.dead.has(e) || !r.AnyInstance && v.names[v.scopes[v.scopeOf(e)].inst] != in {
				continue
			}
			app := v.apps[v.terms[e].app]
			if r.ByApplication && app != "" && app != r.Application {
				continue
			}
			g := v.grant(e)
			if strings.HasPrefix(g.Scope.text, r.ScopePrefix) && !yield(g) {
				return
			}
		}
	}
}

// queue is the entries of one grantee in one view that are still to be visited.
type queue struct {
	seq     int64 // of the first entry
	view    int
	entries []uint32
}

type queues []queue

func (q queues) Len() int           { return len(q) }
func (q queues) Less(i, j int) bool { return q[i].seq < q[j].seq }
func (q queues) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queues) Push(x any)        { *q = append(*q, x.(queue)) }
func (q *queues) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// queues makes a heap of the entries of each identity in each view whose Seq is greater than after.
func (ix *Index) queues(ids []Identity, after int64) queues {
	var q queues
	for i := range ix.views {
		v := &ix.views[i]
		if v.layer == nil {
			continue
		}
		var grantees []uint32
		for j := range ids {
			grantees = v.appendGrantees(grantees, &ids[j])
		}
		slices.Sort(grantees)
		for _, w := range slices.Compact(grantees) {
			list := v.byGrantee[v.grantees[w].first:v.grantees[w+1].first]
			if after > math.MinInt64 {
				list = list[sort.Search(len(list), func(k int) bool { return v.terms[list[k]].seq > after }):]
			}
			if len(list) > 0 {
				q = append(q, queue{v.terms[list[0]].seq, i, list})
			}
		}
	}
	heap.Init(&q)
	return q
}

// appendGrantees appends the numbers of the grantees that are the identity. There are several if its ARN has changed.
func (l *layer) appendGrantees(to []uint32, id *Identity) []uint32 {
	p := l.seed.fingerprint(id.Type, id.Principal)
	n := len(l.grantees) - 1
	for w := sort.Search(n, func(i int) bool { return l.grantees[i].print >= p }); w < n && l.grantees[w].print == p; w++ {
		if l.isGrantee(uint32(w), id) {
			to = append(to, uint32(w))
		}
	}
	return to
}
