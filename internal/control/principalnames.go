package control

import (
	"context"
	"fmt"
	"strings"

	"latchkey/internal/engine"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

// UnknownPrincipalError says that a principal of a policy does not exist.
type UnknownPrincipalError struct{ Name string }

// Error is the text for the client, as AWS words it.
func (e *UnknownPrincipalError) Error() string {
	return fmt.Sprintf("Invalid principal in policy: \"AWS\":\"%s\"", e.Name)
}

// ResolvePrincipals replaces the ARNs of users and roles in a trust or resource policy by their immutable ids, as AWS
// does when such a policy is written. A principal that is deleted and created again under the same name therefore does
// not match the policy. It fails with *UnknownPrincipalError if a principal or account does not exist.
func ResolvePrincipals(ctx context.Context, tx *store.Tx, d *policy.Document) (*policy.Document, error) {
	ids := map[string]string{}
	for _, name := range d.Principals() {
		id, err := resolvePrincipal(ctx, tx, name)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return nil, err
		}
		if err != nil || id == "" {
			return nil, &UnknownPrincipalError{name}
		}
		ids[name] = id
	}
	return d.RewritePrincipals(func(name string) string { return ids[name] })
}

// resolvePrincipal returns the stored form of a principal of a policy. It returns an empty text or fails with NotFound
// if the principal does not exist.
func resolvePrincipal(ctx context.Context, tx *store.Tx, name string) (string, error) {
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

// splitARN splits arn:aws:SERVICE::ACCOUNT:KIND/PATH.
func splitARN(arn string) (account, kind, path string) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[1] != "aws" {
		return "", "", ""
	}
	kind, path, _ = strings.Cut(parts[5], "/")
	return parts[4], kind, path
}

// DisplayPrincipals returns a stored policy as an administrator reads it: with the present ARNs in place of the ids.
// The id of a principal that is deleted stays, as on AWS. A text that cannot be parsed is returned unchanged.
func DisplayPrincipals(snap *engine.Snapshot, text string, kind policy.Kind) string {
	d, err := policy.Parse(text, kind)
	if err != nil {
		return text
	}
	displayed, err := d.RewritePrincipals(func(name string) string { return displayPrincipal(snap, name) })
	if err != nil {
		return text
	}
	return displayed.String()
}

func displayPrincipal(snap *engine.Snapshot, name string) string {
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
