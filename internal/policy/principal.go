package policy

import (
	"fmt"
	"regexp"
	"strings"
)

// form says in which way a Principal element names a caller. A greater form allows more within the same account: see
// Evaluate.
type form uint8

const (
	formNone    form = iota
	formAccount      // the caller's account: only what identity policies allow, too
	formLimited      // the caller's role, or everybody under a condition: session policy and boundary still count
	formDirect       // the caller itself: a user, role session, service or provider
)

// principal is one entry of a Principal or NotPrincipal element.
type principal struct {
	family  string // "AWS", "Service", "Federated"; empty for the bare "*"
	text    string // normalised
	account string // number of the account whose root user is named
}

const everyone = "*"

var (
	accountID    = regexp.MustCompile(`^[0-9]{12}$`)
	principalARN = regexp.MustCompile(`^arn:aws[a-z-]*:(iam::([0-9]{12}):(root|(user|role)/[^:]+)|` +
		`sts::[0-9]{12}:(assumed-role/[^:/]+/[^:/]+|federated-user/[^:/]+))$`)
	uniqueID    = regexp.MustCompile(`^(AIDA|AROA)[A-Z0-9]{12,124}(:[\w+=,.@-]{2,64})?$`)
	serviceName = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)+$`)
)

// newPrincipal checks one entry. It refuses a name with a wildcard inside, as AWS does.
func newPrincipal(family, text string) (principal, error) {
	p := principal{family: family, text: text}
	ok := false
	switch family {
	case "AWS":
		if accountID.MatchString(text) {
			p.text = "arn:aws:iam::" + text + ":root"
		}
		switch {
		case p.text == everyone:
			ok = true
		case uniqueID.MatchString(p.text):
			ok = true
		case !strings.ContainsAny(p.text, "*?$"):
			m := principalARN.FindStringSubmatch(p.text)
			if ok = m != nil; ok && m[3] == "root" {
				p.account = m[2]
			}
		}
	case "Service":
		ok = serviceName.MatchString(text)
	case "Federated":
		ok = text != "" && !strings.ContainsAny(text, "*?$ ")
	default:
		return p, fmt.Errorf("unknown kind of principal %q; known are AWS, Service and Federated", family)
	}
	if !ok {
		return p, fmt.Errorf("Invalid principal in policy: %q:%q", family, text)
	}
	return p, nil
}

// names says how the entry names the caller c. The entry "*" depends on the conditions of its statement: see
// statement.everyone.
func (p *principal) names(c *Principal) form {
	switch p.family {
	case "Service":
		if c.Kind == Service && c.Service == p.text {
			return formDirect
		}
	case "Federated":
		if c.Kind == Federated && c.Federated == p.text {
			return formDirect
		}
	case "AWS":
		return p.namesAWS(c)
	}
	return formNone
}

func (p *principal) namesAWS(c *Principal) form {
	switch c.Kind {
	case Root:
		if p.account != "" && p.account == c.Account {
			return formDirect
		}
	case User:
		if p.text == c.ARN || c.ID != "" && p.text == c.ID {
			return formDirect
		}
	case Role:
		if p.text == c.SessionARN {
			return formDirect
		}
		if p.text == c.ARN || c.ID != "" && p.text == c.ID {
			return formLimited
		}
		if id, session, ok := strings.Cut(p.text, ":"); ok && c.ID != "" && id == c.ID && session == c.SessionName() {
			return formDirect
		}
	default:
		return formNone
	}
	if p.account != "" && p.account == c.Account {
		return formAccount
	}
	return formNone
}

// names says how the statement's Principal or NotPrincipal element names the caller.
func (s *statement) names(c *Principal) form {
	best := formNone
	for i := range s.principals {
		p := &s.principals[i]
		f := formNone
		if p.text == everyone {
			f = s.everyone(c)
		} else {
			f = p.names(c)
		}
		best = max(best, f)
	}
	if !s.notPrincipal {
		return best
	}
	// Only Deny statements have NotPrincipal. An entry that names the caller exempts the caller. An entry that names the
	// caller's account does not.
	if best >= formLimited {
		return formNone
	}
	return formDirect
}

// everyone says how "*" names the caller. In a Deny it names everybody. In an Allow it does not name the bearers of
// web identity tokens: a policy must name their provider.
func (s *statement) everyone(c *Principal) form {
	if !s.deny && c.Kind == Federated {
		return formNone
	}
	if s.deny || len(s.conditions) == 0 {
		return formDirect
	}
	for i := range s.conditions {
		k := &s.conditions[i]
		if k.key == "aws:principalarn" && k.op != opNull && !k.negated && !k.ifExists && k.set != forAll {
			return formDirect
		}
	}
	return formLimited
}
