package login

import (
	"context"
	"time"

	"latchkey/internal/awsapi/s3control"
)

// Want is what credentials are wanted for.
type Want struct {
	Target     string // s3://bucket/prefix/*
	Permission string // READ, WRITE or READWRITE
	Privilege  string // Default or Minimal; empty: Default
	Object     bool   // the target is one object, not a prefix
	Duration   time.Duration
}

// Lease is what GetDataAccess gave.
type Lease struct {
	Keys
	Target      string    `json:"matched_grant_target"`
	GranteeType string    `json:"grantee_type"`
	Grantee     string    `json:"grantee"`
	Issued      time.Time `json:"issued"`
}

// GetDataAccess asks for credentials for data of an account.
func (e *Endpoint) GetDataAccess(ctx context.Context, k Keys, account string, w Want) (*Lease, error) {
	in := &s3control.GetDataAccessRequest{AccountId: &account, Target: &w.Target, Permission: &w.Permission}
	if w.Privilege != "" {
		in.Privilege = &w.Privilege
	}
	if w.Object {
		in.TargetType = new("Object")
	}
	if w.Duration != 0 {
		in.DurationSeconds = seconds(w.Duration)
	}
	asked := e.Now()
	out, err := invoke(ctx, e, k, s3control.GetDataAccess, in)
	if err != nil {
		return nil, err
	}
	c := or(out.Credentials)
	keys, err := assumed("GetDataAccess", Keys{
		AccessKeyID: or(c.AccessKeyId), SecretAccessKey: or(c.SecretAccessKey), SessionToken: or(c.SessionToken),
		Expires: or(c.Expiration),
	})
	if err != nil {
		return nil, err
	}
	g := or(out.Grantee)
	return &Lease{
		Keys: keys, Target: or(out.MatchedGrantTarget), GranteeType: or(g.GranteeType), Grantee: or(g.GranteeIdentifier),
		Issued: asked,
	}, nil
}

// Grant is a grant of the caller's.
type Grant struct{ Scope, Permission, Application string }

// Grants lists the caller's grants in an account, their groups' included.
func (e *Endpoint) Grants(ctx context.Context, k Keys, account string) ([]Grant, error) {
	var all []Grant
	in := &s3control.ListCallerAccessGrantsRequest{AccountId: &account, MaxResults: new(int32(1000))}
	for {
		page, err := invoke(ctx, e, k, s3control.ListCallerAccessGrants, in)
		if err != nil {
			return nil, err
		}
		for _, g := range page.CallerAccessGrantsList {
			all = append(all, Grant{Scope: or(g.GrantScope), Permission: or(g.Permission), Application: or(g.ApplicationArn)})
		}
		if or(page.NextToken) == "" || or(page.NextToken) == or(in.NextToken) {
			return all, nil
		}
		in.NextToken = page.NextToken
	}
}
