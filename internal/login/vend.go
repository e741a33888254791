package login

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
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
	q := url.Values{"target": {w.Target}, "permission": {w.Permission}}
	if w.Privilege != "" {
		q.Set("privilege", w.Privilege)
	}
	if w.Object {
		q.Set("targetType", "Object")
	}
	if w.Duration != 0 {
		q.Set("durationSeconds", seconds(w.Duration))
	}
	var out struct {
		Credentials assumed
		Target      string `xml:"MatchedGrantTarget"`
		GranteeType string `xml:"Grantee>GranteeType"`
		Grantee     string `xml:"Grantee>GranteeIdentifier"`
	}
	asked := e.Now()
	if err := e.s3control(ctx, k, account, "GetDataAccess", "/dataaccess", q, &out); err != nil {
		return nil, err
	}
	keys, err := out.Credentials.keys("GetDataAccess")
	if err != nil {
		return nil, err
	}
	return &Lease{Keys: keys, Target: out.Target, GranteeType: out.GranteeType, Grantee: out.Grantee, Issued: asked}, nil
}

// Grant is a grant of the caller's.
type Grant struct {
	Scope       string `xml:"GrantScope"`
	Permission  string
	Application string `xml:"ApplicationArn"`
}

// Grants lists the caller's grants in an account, their groups' included.
func (e *Endpoint) Grants(ctx context.Context, k Keys, account string) ([]Grant, error) {
	var all []Grant
	q := url.Values{"maxResults": {strconv.Itoa(1000)}}
	for {
		var page struct {
			Next   string  `xml:"NextToken"`
			Grants []Grant `xml:"CallerAccessGrantsList>AccessGrant"`
		}
		if err := e.s3control(ctx, k, account, "ListCallerAccessGrants", "/caller/grants", q, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Grants...)
		if page.Next == "" || page.Next == q.Get("nextToken") {
			return all, nil
		}
		q.Set("nextToken", page.Next)
	}
}

func (e *Endpoint) s3control(ctx context.Context, k Keys, account, operation, path string, q url.Values, into any) error {
	body, err := e.do(ctx, k, request{
		operation: operation, service: "s3", method: http.MethodGet, path: "/v20180820/accessgrantsinstance" + path, query: q,
		header: http.Header{"X-Amz-Account-Id": {account}},
	})
	if err != nil {
		return err
	}
	if err := xml.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s: the server's answer cannot be read", operation)
	}
	return nil
}
