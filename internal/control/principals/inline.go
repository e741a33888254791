package principals

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode"

	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

// Limits of policy documents in characters without white space (IAM user guide, "IAM and AWS STS quotas").
const (
	userInlineLimit = 2048  // all inline policies of a user together
	roleInlineLimit = 10240 // all inline policies of a role together
	managedLimit    = 6144  // a version of a managed policy
)

func (k Kind) inlineLimit() int {
	if k == Role {
		return roleInlineLimit
	}
	return userInlineLimit
}

// PutInline adds an inline policy to a user or a role, or replaces the one with this name.
func (p *Principals) PutInline(ctx context.Context, call *control.Call, e Entity, name, document string) error {
	if err := checkName("policyName", name, maxPolicyName); err != nil {
		return err
	}
	return p.change(ctx, call, permission{"iam:Put" + string(e.Kind) + "Policy", policy.Values{}}, e,
		func(_ *store.Tx, h *principalRow) error {
			d, err := policy.Parse(document, policy.Identity)
			if err == nil {
				err = d.CheckPartition()
			}
			if err != nil {
				return malformed(err)
			}
			call.Wrote(d)
			in := iam.Inline{Name: name, Document: document}
			if i := inlineAt(h.policies.Inline, name); i >= 0 {
				h.policies.Inline[i] = in
			} else {
				h.policies.Inline = append(h.policies.Inline, in)
				slices.SortFunc(h.policies.Inline, func(a, b iam.Inline) int { return cmp.Compare(fold(a.Name), fold(b.Name)) })
			}
			size := 0
			for _, in := range h.policies.Inline {
				size += sizeOf(in.Document)
			}
			if limit := h.Kind.inlineLimit(); size > limit {
				return fault.New(fault.LimitExceeded, fault.PolicyDocument, "Maximum policy size of %d bytes exceeded for %s %s",
					limit, h.Kind.lower(), h.Name)
			}
			return nil
		})
}

// sizeOf counts the characters of a document as the limits do.
func sizeOf(document string) int {
	n := 0
	for _, r := range document {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

func inlineAt(list []iam.Inline, name string) int {
	return slices.IndexFunc(list, func(in iam.Inline) bool { return strings.EqualFold(in.Name, name) })
}

// GetInline returns an inline policy of a user or a role, under the name and with the text that it was given.
func (p *Principals) GetInline(call *control.Call, e Entity, name string) (iam.Inline, error) {
	h, err := p.find(call, "iam:Get"+string(e.Kind)+"Policy", e, policy.Values{})
	if err != nil {
		return iam.Inline{}, err
	}
	i := inlineAt(h.policies.Inline, name)
	if i < 0 {
		return iam.Inline{}, noSuchInline(e, name)
	}
	return h.policies.Inline[i], nil
}

// DeleteInline removes an inline policy from a user or a role.
func (p *Principals) DeleteInline(ctx context.Context, call *control.Call, e Entity, name string) error {
	return p.change(ctx, call, permission{"iam:Delete" + string(e.Kind) + "Policy", policy.Values{}}, e,
		func(_ *store.Tx, h *principalRow) error {
			i := inlineAt(h.policies.Inline, name)
			if i < 0 {
				return noSuchInline(e, name)
			}
			h.policies.Inline = slices.Delete(h.policies.Inline, i, i+1)
			return nil
		})
}

// ListInline lists the names of the inline policies of a user or a role.
func (p *Principals) ListInline(call *control.Call, e Entity, ask Ask) (Page[string], error) {
	h, err := p.find(call, "iam:List"+string(e.Kind)+"Policies", e, policy.Values{})
	if err != nil {
		return Page[string]{}, err
	}
	names := make([]string, len(h.policies.Inline))
	for i, in := range h.policies.Inline {
		names[i] = in.Name
	}
	return turn(pager{p.Control, call, ask}, names, fold, "inline", h.id)
}
