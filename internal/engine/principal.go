package engine

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
)

// principal is a user or a role. Its policies are compiled when they are first needed. When its row or one of its
// managed policies changes, the draft replaces it by a fresh principal. So the outcome is the same in every snapshot
// that holds it.
type principal struct {
	user     *iam.User // one of the two is nil
	role     *iam.Role
	compiled lazy[Compiled]
}

func (p *principal) id() string {
	if p.user != nil {
		return p.user.ID
	}
	return p.role.ID
}

func (p *principal) account() access.AccountID {
	if p.user != nil {
		return p.user.Account
	}
	return p.role.Account
}

func (p *principal) policies() *iam.Policies {
	if p.user != nil {
		return &p.user.Policies
	}
	return &p.role.Policies
}

func (p *principal) created() time.Time {
	if p.user != nil {
		return p.user.Created
	}
	return p.role.Created
}

// byAge orders principals by creation, and those of one transaction by id.
func byAge(a, b *principal) int {
	if c := a.created().Compare(b.created()); c != 0 {
		return c
	}
	return cmp.Compare(a.id(), b.id())
}

// Compiled is the policies of a user or role, ready to be evaluated. Documents carry names: an inline policy its own, a
// managed policy its ARN, a trust policy the role's ARN.
type Compiled struct {
	Identity   []*policy.Document // inline, then attached
	Boundary   *policy.Document   // nil: no permissions boundary
	Trust      *policy.Document   // of a role
	MaxSession time.Duration      // of a role

	// Err is set, and everything else is empty, when one of the policies cannot be read or does not exist. The caller must
	// then deny: the unreadable policy may be the one that denies.
	Err error
}

// Compiled returns the policies of a user or a role by its immutable id. It is nil when there is none.
func (s *Snapshot) Compiled(principalID string) *Compiled {
	p := s.principals.at(principalID)
	if p == nil {
		return nil
	}
	if c := p.compiled.p.Load(); c != nil {
		return c
	}
	return p.compiled.get(func() *Compiled {
		c, err := s.compile(p)
		if err != nil {
			return &Compiled{Err: err}
		}
		return c
	})
}

func (s *Snapshot) compile(p *principal) (*Compiled, error) {
	c, ps := &Compiled{}, p.policies()
	for _, in := range ps.Inline {
		r := parse(in.Document, policy.Identity, in.Name)
		if r.err != nil {
			return nil, r.err
		}
		c.Identity = append(c.Identity, r.doc)
	}
	for _, arn := range ps.Attached {
		d, err := s.managedDocument(arn)
		if err != nil {
			return nil, err
		}
		c.Identity = append(c.Identity, d)
	}
	if ps.Boundary != "" {
		d, err := s.managedDocument(ps.Boundary)
		if err != nil {
			return nil, fmt.Errorf("permissions boundary: %w", err)
		}
		c.Boundary = d
	}
	if p.role != nil {
		r := parse(p.role.Trust, policy.Trust, p.role.ARN())
		if r.err != nil {
			return nil, fmt.Errorf("trust policy: %w", r.err)
		}
		c.Trust, c.MaxSession = r.doc, p.role.MaxSession
	}
	return c, nil
}

var errNoPolicy = errors.New("there is no such policy")

// managedDocument is the default version of a managed policy, AWS's or a customer's.
func (s *Snapshot) managedDocument(arn string) (*policy.Document, error) {
	if strings.HasPrefix(arn, policy.ManagedPrefix) {
		if d, ok := policy.Managed(arn); ok {
			return d, nil
		}
	} else if m := s.policies.at(arn); m != nil {
		p := m.parsed.get(func() *parsed { return parse(m.Document(), policy.Identity, arn) })
		return p.doc, p.err
	}
	return nil, fmt.Errorf("policy %s: %w", arn, errNoPolicy)
}

// parsed is a policy text that was parsed, or the error of that.
type parsed struct {
	doc *policy.Document
	err error
}

func parse(text string, k policy.Kind, name string) *parsed {
	d, err := policy.Parse(text, k)
	if err != nil {
		return &parsed{err: fmt.Errorf("policy %s: %w", name, err)}
	}
	return &parsed{doc: d.Named(name)}
}
