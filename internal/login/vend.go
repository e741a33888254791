package login

import (
	"context"
	"time"

	"latchkey/internal/awsapi/s3control"
	"latchkey/internal/awswire"
)

// AccessRequest is what GetDataAccess is asked for.
type AccessRequest struct {
	Target     string // s3://bucket/prefix/*
	Permission string // READ, WRITE or READWRITE
	Privilege  string // Default or Minimal; empty: Default
	Object     bool   // the target is one object, not a prefix
	Duration   time.Duration
}

// Credentials is what GetDataAccess gave.
type Credentials struct {
	Keys
	Target      string    `json:"matched_grant_target"`
	GranteeType string    `json:"grantee_type"`
	Grantee     string    `json:"grantee"`
	Issued      time.Time `json:"issued"`
}

// GetDataAccess asks for credentials for data of an account.
func (e *Endpoint) GetDataAccess(ctx context.Context, k Keys, account string, w AccessRequest) (*Credentials, error) {
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
	c := awswire.Value(out.Credentials)
	keys, err := assumed("GetDataAccess", Keys{
		AccessKeyID:     awswire.Value(c.AccessKeyId),
		SecretAccessKey: awswire.Value(c.SecretAccessKey),
		SessionToken:    awswire.Value(c.SessionToken),
		Expires:         awswire.Value(c.Expiration),
	})
	if err != nil {
		return nil, err
	}
	g := awswire.Value(out.Grantee)
	return &Credentials{
		Keys:        keys,
		Target:      awswire.Value(out.MatchedGrantTarget),
		GranteeType: awswire.Value(g.GranteeType),
		Grantee:     awswire.Value(g.GranteeIdentifier),
		Issued:      asked,
	}, nil
}

// Grant is a grant of the caller's.
type Grant struct{ Scope, Permission, Application string }

// Grants lists the caller's grants in an account, including those of the caller's groups.
func (e *Endpoint) Grants(ctx context.Context, k Keys, account string) ([]Grant, error) {
	var all []Grant
	in := &s3control.ListCallerAccessGrantsRequest{AccountId: &account, MaxResults: new(int32(1000))}
	for {
		page, err := invoke(ctx, e, k, s3control.ListCallerAccessGrants, in)
		if err != nil {
			return nil, err
		}
		for _, g := range page.CallerAccessGrantsList {
			all = append(all, Grant{
				Scope:       awswire.Value(g.GrantScope),
				Permission:  awswire.Value(g.Permission),
				Application: awswire.Value(g.ApplicationArn),
			})
		}
		if awswire.Value(page.NextToken) == "" || awswire.Value(page.NextToken) == awswire.Value(in.NextToken) {
			return all, nil
		}
		in.NextToken = page.NextToken
	}
}
