package caller

import (
	"crypto/tls"
	"strconv"
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
)

// Ask is one question to the caller's policies.
type Ask struct {
	Action          string // s3:GetDataAccess
	Resource        string // ARN
	ResourceAccount access.AccountID
	Values          policy.Values    // condition keys of this action; the global keys are added
	ResourcePolicy  *policy.Document // the policy on the resource, if it has one
}

// Decide evaluates the caller's policies and the resource's policy.
func (c *Caller) Decide(a Ask) policy.Decision { return c.decide(a, c.policies) }

func (c *Caller) decide(a Ask, ps policy.Policies) policy.Decision {
	if a.ResourcePolicy != nil {
		ps.Resource = []*policy.Document{a.ResourcePolicy}
	}
	return policy.Evaluate(policy.Request{
		Principal:       c.Principal,
		Action:          a.Action,
		Resource:        a.Resource,
		ResourceAccount: string(a.ResourceAccount),
		Context:         c.values(a),
		Meter:           c.Meter(),
	}, ps)
}

// DecideActor is Decide with one more condition: the resource policy must allow the caller, or the caller's account,
// even if the caller's own policies are enough for Decide. An actor policy that does not name a caller refuses it.
func (c *Caller) DecideActor(a Ask) policy.Decision {
	d := c.Decide(a)
	if !d.Allowed {
		return d
	}
	anything, err := policy.Parse(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
		policy.Identity)
	if err != nil || a.ResourcePolicy == nil {
		return policy.Decision{Missing: policy.LayerResource}
	}
	// The request has no resource account. So nothing but the resource's policy lets the caller in, as for a caller from
	// another account.
	named := policy.Evaluate(policy.Request{
		Principal: c.Principal,
		Action:    a.Action,
		Resource:  a.Resource,
		Context:   c.values(a),
		Meter:     c.Meter(),
	},
		policy.Policies{Identity: []*policy.Document{anything}, Resource: []*policy.Document{a.ResourcePolicy}})
	if !named.Allowed {
		return named
	}
	return d
}

// Authorize is Decide with the refusal in AWS's words: who, what, on which resource, and which kind of policy denied
// it.
func (c *Caller) Authorize(a Ask) error {
	d := c.Decide(a)
	if d.Allowed {
		return nil
	}
	return c.Refusal(a, d)
}

// Refusal is the refusal of a decision that denies, as Authorize words it.
func (c *Caller) Refusal(a Ask, d policy.Decision) *fault.Error {
	return Reasoned(d, fault.New(fault.Denied, "", "%s", Denial{
		User: c.ARN(), Action: a.Action, Resource: a.Resource, Quoted: true, Because: d.Because(),
	}).For(c.ReasonOf(d)))
}

// How much room the condition keys get at first: those that values sets for every caller, and what a session adds.
const (
	maxRequestKeys = 16
	sessionKeys    = 17
)

// values returns the condition keys of a request: the global ones (IAM user guide, "AWS global condition context
// keys"), those that S3 adds to every request, and the action's own. None of them comes from a header that the client
// may set freely, except aws:UserAgent and aws:Referer. AWS documents these two as unsafe, too.
func (c *Caller) values(a Ask) policy.Values {
	f := &c.Facts
	v := a.Values.Clone()
	room := maxRequestKeys
	if c.Session != nil {
		room += sessionKeys
	}
	v.Grow(room)
	values := make([]string, 0, maxRequestKeys) // of all these keys: one array for them costs less than one each
	set := func(k, val string) {
		if n := len(values); val != "" {
			values = append(values, val)
			v.Set(k, values[n:n+1:n+1]...)
		}
	}
	set("aws:currenttime", f.Time.UTC().Format(time.RFC3339))
	set("aws:epochtime", strconv.FormatInt(f.Time.Unix(), 10))
	set("aws:securetransport", strconv.FormatBool(f.TLS != 0 || f.TLSAtProxy))
	if f.SourceIP.IsValid() {
		set("aws:sourceip", f.SourceIP.String())
	}
	v.Set("aws:useragent", c.agent(a.Action)) // AWS has this key in every request, even if the client sent no header
	set("aws:referer", f.Referer)
	set("aws:requestedregion", f.Region)
	if strings.HasPrefix(a.Action, "s3:") {
		c.s3Values(set, a.ResourceAccount)
	}
	c.principalValues(&v)
	return v
}

// agent is the user agent that policies see. Of a request that makes sessions or tokens, it must be the same when the
// request is judged again later. So policies do not see one that is too long to be remembered.
func (c *Caller) agent(action string) string {
	remembered := action == "s3:GetDataAccess" || action == "sso-oauth:CreateTokenWithIAM" ||
		strings.HasPrefix(action, "sts:")
	if remembered && len(c.Facts.UserAgent) > credential.MaxAskedAgent {
		return policy.Unsure
	}
	return c.Facts.UserAgent
}

// s3Values are the keys that every action of S3 has. Actions of other services do not have them: a condition on
// s3:ResourceAccount says nothing about a call of IAM.
func (c *Caller) s3Values(set func(k, v string), owner access.AccountID) {
	f := &c.Facts
	set("s3:resourceaccount", string(owner))
	set("s3:authtype", f.AuthType)
	set("s3:signatureversion", f.SignatureVersion)
	set("s3:x-amz-content-sha256", f.ContentSHA256)
	set("s3:tlsversion", tlsVersion(f.TLS))
	if f.AuthType == QueryString {
		set("s3:signatureage", strconv.FormatInt(f.SignatureAge.Milliseconds(), 10))
	}
}

// principalValues sets the keys that depend on the caller, except those that package policy reads from the principal
// itself.
func (c *Caller) principalValues(v *policy.Values) {
	switch {
	case c.Role != nil:
		for _, t := range c.Role.Tags {
			v.Set("aws:principaltag/"+t.Key, t.Value)
		}
	case c.User != nil:
		for _, t := range c.User.Tags {
			v.Set("aws:principaltag/"+t.Key, t.Value)
		}
	}
	s := c.Session
	if s == nil {
		return
	}
	for k, val := range s.Tags { // a session tag overrides the role's tag of the same key, even if it is empty
		v.Set("aws:principaltag/"+k, val)
	}
	if s.SourceIdentity != "" {
		v.Set("aws:sourceidentity", s.SourceIdentity)
	}
	v.Set("aws:tokenissuetime", s.Issued.UTC().Format(time.RFC3339))
	if s.Federation.IsZero() || s.Chained { // AWS has this key in sessions, except those of a foreign identity
		v.Set("aws:multifactorauthpresent", "false")
	}
	if s.Kind == credential.Vended {
		v.Set("s3:accessgrantsinstancearn", s.InstanceID)
	}
	c.federationValues(v)
	if d, ok := c.OnBehalfOf(); ok {
		directoryValues(d, func(k, val string) {
			if val != "" {
				v.Set(k, val)
			}
		})
	}
}

func tlsVersion(v uint16) string {
	switch v {
	case tls.VersionTLS12:
		return "1.2"
	case tls.VersionTLS13:
		return "1.3"
	}
	return ""
}
