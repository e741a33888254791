package principals

import (
	"context"
	"strings"

	"latchkey/internal/engine"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

// trustLimit is the longest trust policy in characters without white space (IAM user guide, "IAM and AWS STS
// quotas").
const trustLimit = 2048

// bindTrust checks a trust policy and puts the immutable ids of the users and roles that it names in the
// place of their ARNs, as AWS does: who is deleted and created again under the same name is not trusted. A
// principal that does not exist, or an account, is refused.
func bindTrust(ctx context.Context, tx *store.Tx, text string) (string, error) {
	d, err := policy.Parse(text, policy.Trust)
	if err != nil {
		return "", malformed(err)
	}
	if d.Size() > trustLimit {
		return "", quota(fault.PolicyDocument, "ACLSizePerRole", trustLimit)
	}
	bound := map[string]string{}
	for _, name := range d.Principals() {
		id, err := bind(ctx, tx, name)
		if err != nil {
			return "", err
		}
		if id == "" {
			return "", fault.New(fault.Malformed, fault.PolicyDocument, "Invalid principal in policy: \"AWS\":\"%s\"", name)
		}
		bound[name] = id
	}
	d, err = d.RewritePrincipals(func(name string) string { return bound[name] })
	if err != nil {
		return "", malformed(err)
	}
	return d.String(), nil
}

// bind is what a principal of a trust policy is stored as; empty when it does not exist.
func bind(ctx context.Context, tx *store.Tx, name string) (string, error) {
	id, err := bound(ctx, tx, name)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return "", nil
	}
	return id, err
}

func bound(ctx context.Context, tx *store.Tx, name string) (string, error) {
	if id, session, _ := strings.Cut(name, ":"); strings.HasPrefix(id, iam.UserIDPrefix) && session == "" {
		_, err := store.Users.Get(ctx, tx, id)
		return name, err
	} else if strings.HasPrefix(id, iam.RoleIDPrefix) {
		_, err := store.Roles.Get(ctx, tx, id)
		return name, err
	}
	account, kind, path := splitARN(name)
	if kind == "root" {
		_, err := store.Accounts.Get(ctx, tx, account)
		return name, err
	}
	if kind == "assumed-role" {
		role, session, _ := strings.Cut(path, "/")
		r, err := store.Roles.ByName(ctx, tx, account, role)
		if err != nil || r.Name != role {
			return "", err
		}
		return r.ID + ":" + session, nil
	}
	p, ok := iam.ParsePrincipalARN(name)
	switch {
	case !ok:
		return "", nil
	case p.Role:
		r, err := store.Roles.ByName(ctx, tx, account, p.Name)
		if err != nil || r.ARN() != name {
			return "", err
		}
		return r.ID, nil
	default:
		u, err := store.Users.ByName(ctx, tx, account, p.Name)
		if err != nil || u.ARN() != name {
			return "", err
		}
		return u.ID, nil
	}
}

// splitARN cuts arn:aws:SERVICE::ACCOUNT:KIND/PATH.
func splitARN(arn string) (account, kind, path string) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[1] != "aws" {
		return "", "", ""
	}
	kind, path, _ = strings.Cut(parts[5], "/")
	return parts[4], kind, path
}

// Trust is a role's trust policy as its administrator reads it: with the ARNs that the ids stand for now. The
// id of a principal that is deleted shows as it is, as on AWS.
func Trust(snap *engine.Snapshot, r *iam.Role) string {
	d, err := policy.Parse(r.Trust, policy.Trust)
	if err != nil {
		return r.Trust
	}
	shown, err := d.RewritePrincipals(func(name string) string { return unbind(snap, name) })
	if err != nil {
		return r.Trust
	}
	return shown.String()
}

func unbind(snap *engine.Snapshot, name string) string {
	id, session, _ := strings.Cut(name, ":")
	if u := snap.User(id); u != nil {
		return u.ARN()
	}
	r := snap.Role(id)
	switch {
	case r == nil:
		return name
	case session != "":
		return iam.SessionARN(r.Account, r.Name, session)
	}
	return r.ARN()
}
