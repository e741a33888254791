// Package policycheck finds what the stored policies of an account have that their authors may not expect: condition
// keys that AWS does not document, and resource policies that would be refused if they were written now. It changes
// nothing and decides nothing.
package policycheck

import (
	"context"
	"iter"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/engine"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
)

const (
	maxPolicies = 1000 // that one page parses
	maxOfPolicy = 100  // findings that a page has about one policy
)

// Checker lists findings.
type Checker struct{ Control *control.Control }

// Finding is a finding about one stored policy.
type Finding struct {
	Type     string // identity, trust or resource
	Resource string // ARN of the managed policy, or of what the policy is embedded in or attached to
	Policy   string // name of an inline policy, or id of a managed policy's version; else empty
	policy.Finding
}

// Ask is what to list.
type Ask struct {
	Notes bool // list also what nobody needs to change, see policy.FindingKind.Serious
	Token string
	Size  int // of a page; the findings of one policy are never divided
}

// List lists the findings about every policy of the account: the inline policies and trust policies of its users and
// roles, every version of its managed policies, and the policies of its buckets, its Access Grants instances and its
// Identity Center applications. It returns the token of the next page, empty at the end. A page may have fewer findings
// than were asked for, or none, even when more pages follow. A policy that is written between two pages may be missed.
func (c *Checker) List(ctx context.Context, call *control.Call, ask Ask) (found []Finding, next string, err error) {
	if err := call.May("latchkey:ListPolicyFindings", "*", policy.Values{}, nil, call.Account); err != nil {
		return nil, "", err
	}
	list := "ListPolicyFindings " + string(call.Account)
	if ask.Notes {
		list += " notes"
	}
	after, err := c.Control.After(list, ask.Token)
	if err != nil {
		return nil, "", err
	}
	at := int64(0)
	for p := range stored(call.Snapshot, call.Account) {
		if at++; at <= after {
			continue
		}
		if len(found) >= ask.Size || at > after+maxPolicies {
			return found, c.Control.NextToken(list, at-1), nil
		}
		if err := ctx.Err(); err != nil {
			return nil, "", err
		}
		found = append(found, p.findings(ask.Notes)...)
	}
	return found, "", nil
}

// storedPolicy is the text of a policy and what it belongs to.
type storedPolicy struct {
	kind           policy.Kind
	resource, name string
	text           string
}

func (p *storedPolicy) findings(notes bool) (all []Finding) {
	d, err := policy.Parse(p.text, p.kind)
	if err != nil {
		return []Finding{{p.kind.String(), p.resource, p.name, policy.Finding{
			Kind: policy.Refused, Subject: "the policy", Text: "it cannot be read, so that it denies everything: " + err.Error(),
		}}}
	}
	for _, f := range d.Findings(p.resource) {
		if (notes || f.Kind.Serious()) && len(all) < maxOfPolicy {
			all = append(all, Finding{p.kind.String(), p.resource, p.name, f})
		}
	}
	return all
}

// stored iterates over every policy of an account, in the same order each time.
func stored(s *engine.Snapshot, account access.AccountID) iter.Seq[storedPolicy] {
	return func(yield func(storedPolicy) bool) {
		for _, list := range []iter.Seq[storedPolicy]{principals(s, account), managed(s, account), attached(s, account)} {
			for p := range list {
				if !yield(p) {
					return
				}
			}
		}
	}
}

func principals(s *engine.Snapshot, account access.AccountID) iter.Seq[storedPolicy] {
	return func(yield func(storedPolicy) bool) {
		inline := func(arn string, list []iam.Inline) bool {
			for _, in := range list {
				if !yield(storedPolicy{policy.Identity, arn, in.Name, in.Document}) {
					return false
				}
			}
			return true
		}
		for _, u := range s.UsersOf(account) {
			if !inline(u.ARN(), u.Policies.Inline) {
				return
			}
		}
		for _, r := range s.RolesOf(account) {
			if !inline(r.ARN(), r.Policies.Inline) || !yield(storedPolicy{policy.Trust, r.ARN(), "", r.Trust}) {
				return
			}
		}
	}
}

func managed(s *engine.Snapshot, account access.AccountID) iter.Seq[storedPolicy] {
	return func(yield func(storedPolicy) bool) {
		for _, m := range s.PoliciesOf(account) {
			for _, v := range m.Versions {
				if !yield(storedPolicy{policy.Identity, m.ARN(), v.ID, v.Document}) {
					return
				}
			}
		}
	}
}

func attached(s *engine.Snapshot, account access.AccountID) iter.Seq[storedPolicy] {
	return func(yield func(storedPolicy) bool) {
		resource := func(arn, text string) bool {
			return text == "" || yield(storedPolicy{policy.Resource, arn, "", text})
		}
		for _, b := range s.BucketsOf(account) {
			if !resource(b.ARN(), b.Policy) {
				return
			}
		}
		for _, i := range s.InstancesOf(account) {
			if !resource(i.ARN(), i.Policy) {
				return
			}
		}
		for _, a := range s.ApplicationsOf(account) {
			if a.Actor != nil && !resource(a.ARN(), a.Actor.Bound) {
				return
			}
		}
	}
}
