package policy

import (
	"slices"
	"strconv"
	"strings"
)

// Values is the condition context of a request: the values of each condition key. Keys are compared regardless of
// case. The zero Values is empty and ready for use. Binary keys have base64 values.
//
// The keys that follow from Principal and Request are never read from Values: aws:PrincipalArn, aws:PrincipalAccount,
// aws:PrincipalType, aws:userid, aws:username, aws:PrincipalIsAWSService, aws:PrincipalServiceName,
// aws:PrincipalServiceNamesList, aws:FederatedProvider, aws:ResourceAccount, aws:ViaAWSService and
// aws:ViaAWSMCPService. A header or a tag that a client chose can therefore not pose as one of them. The caller of this
// package must set every other key, including the time (aws:CurrentTime, aws:EpochTime).
type Values struct{ entries []entry }

// Unsure is a value of which nothing is known but that there is one. Conditions on it fail an Allow, and hold in a
// Deny, as with every value that is too long to be compared.
var Unsure = strings.Repeat("?", maxValue+1)

type entry struct {
	key    string // lower case
	values []string
}

// Set replaces the values of key. A key that is set to no values counts as missing.
func (v *Values) Set(key string, values ...string) {
	key = strings.ToLower(key)
	for i := range v.entries {
		if v.entries[i].key == key {
			v.entries[i].values = values
			return
		}
	}
	v.entries = append(v.entries, entry{key, values})
}

// Get returns the values of key, or nil.
func (v *Values) Get(key string) []string { return v.lookup(strings.ToLower(key)) }

// Clone returns a copy. Setting keys of the copy does not change v.
func (v *Values) Clone() Values { return Values{slices.Clone(v.entries)} }

// Grow makes room for n more keys.
func (v *Values) Grow(n int) { v.entries = slices.Grow(v.entries, n) }

func (v *Values) lookup(lower string) []string {
	for i := range v.entries {
		if v.entries[i].key == lower {
			return v.entries[i].values
		}
	}
	return nil
}

// PrincipalKind says who makes a request. The zero PrincipalKind is Anonymous.
type PrincipalKind uint8

// The kinds of principal.
const (
	Anonymous PrincipalKind = iota // nobody
	Root                           // the root user of an account
	User                           // an IAM user
	Role                           // a session of a role
	Service                        // a service such as access-grants.s3.amazonaws.com
	Federated                      // the bearer of a web identity token; only trust policies match it
)

// Principal is who makes a request.
type Principal struct {
	Kind       PrincipalKind
	ARN        string // of the user, of the role (not of its session), or of the account's root
	Account    string // twelve digits; empty for Anonymous, Service and Federated
	ID         string // unique id: AIDA... of a user, AROA... of a role (without session name)
	SessionARN string // arn:aws:sts::<account>:assumed-role/<role>/<session>, of a Role
	Service    string // name of a Service

	// Federated is the ARN or host name of the provider of a web identity token. A principal of kind Federated has one,
	// and so has a Role whose session was made with such a token.
	Federated string
}

// SessionName is the last part of the session's ARN, or empty.
func (p *Principal) SessionName() string {
	if p.Kind != Role {
		return ""
	}
	return p.SessionARN[strings.LastIndexByte(p.SessionARN, '/')+1:]
}

// Request asks whether a principal may perform an action on a resource.
type Request struct {
	Principal Principal
	Action    string // "s3:GetObject"
	Resource  string // ARN, or "*" for an action that has no resource

	// ResourceAccount owns the resource. If it is empty, nobody owns the resource, and only a resource policy can allow.
	ResourceAccount string

	Context Values

	// Meter bounds what all decisions that share it may cost together. nil: this decision has the bound for itself.
	Meter *Meter
}

// evaluation is the state of one decision about one request.
type evaluation struct {
	req    *Request
	meter  *Meter
	action string // lower case
	one    [1]string
}

// values returns the values of a condition key (in lower case); none means that the key is missing.
// The result is valid until the next call.
func (e *evaluation) values(key string) []string {
	if v, derived := e.derived(key); derived {
		if v == "" {
			return nil
		}
		e.one[0] = v
		return e.one[:]
	}
	return e.req.Context.lookup(key)
}

// single returns the value of a key that has exactly one.
func (e *evaluation) single(key string) (string, bool) {
	if v, derived := e.derived(key); derived {
		return v, v != ""
	}
	if v := e.req.Context.lookup(key); len(v) == 1 {
		return v[0], true
	}
	return "", false
}

// derived returns the value of a key that follows from the principal or the request. An empty value means that the
// key is missing.
func (e *evaluation) derived(key string) (value string, derived bool) {
	if !strings.HasPrefix(key, "aws:") {
		return "", false
	}
	p := &e.req.Principal
	known := p.Kind == Root || p.Kind == User || p.Kind == Role
	switch key {
	case "aws:principalarn":
		if known {
			return p.ARN, true
		}
	case "aws:principalaccount":
		switch {
		case known:
			return p.Account, true
		case p.Kind == Anonymous:
			return "anonymous", true
		}
	case "aws:principaltype":
		return [...]string{"Anonymous", "Account", "User", "AssumedRole", "", ""}[min(p.Kind, Federated)], true
	case "aws:userid":
		return p.userID(), true
	case "aws:username":
		if p.Kind == User {
			return p.ARN[strings.LastIndexByte(p.ARN, '/')+1:], true
		}
	case "aws:principalisawsservice":
		if p.Kind != Anonymous {
			return strconv.FormatBool(p.Kind == Service), true
		}
	case "aws:viaawsservice", "aws:viaawsmcpservice":
		return "false", true // no service acts with the credentials of a principal
	case "aws:principalservicename", "aws:principalservicenameslist":
		if p.Kind == Service {
			return p.Service, true
		}
	case "aws:federatedprovider":
		if p.Kind == Federated || p.Kind == Role {
			return p.Federated, true
		}
	case "aws:resourceaccount":
		return e.req.ResourceAccount, true
	default:
		return "", false
	}
	return "", true
}

func (p *Principal) userID() string {
	switch {
	case p.Kind == Anonymous:
		return "anonymous"
	case p.Kind == Root:
		return p.Account
	case p.Kind == Role && p.ID != "":
		return p.ID + ":" + p.SessionName()
	}
	return p.ID
}
