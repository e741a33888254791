package identitycenter

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"latchkey/internal/control"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/sso"
)

const maxLimits = 50 // of each kind

var (
	domainForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$`)
	claimForm  = regexp.MustCompile(`^[\x21-\x7e]{1,255}$`)
)

// PutIssuerLimits sets of whom a trusted token issuer may speak, in place of earlier limits. Limits count from the next
// token on. The action is latchkey:PutIssuerLimits on the issuer.
func (c *Center) PutIssuerLimits(ctx context.Context, call *control.Call, arn string, l sso.Limits) error {
	i, err := issuer(call, "latchkey:PutIssuerLimits", arn, policy.Values{})
	if err != nil {
		return err
	}
	l.EmailDomains = slices.Clone(l.EmailDomains)
	for k, d := range l.EmailDomains {
		l.EmailDomains[k] = strings.ToLower(d)
	}
	if err := checkLimits(l); err != nil {
		return err
	}
	return c.changeIssuer(ctx, call, i, func(current *sso.Issuer) error {
		current.Limits = l
		return nil
	})
}

func checkLimits(l sso.Limits) error {
	if len(l.EmailDomains) > maxLimits || len(l.Sources) > maxLimits {
		return fault.New(fault.Invalid, fault.TokenIssuer, "There can be %d EmailDomains and Sources at most", maxLimits)
	}
	for _, d := range l.EmailDomains {
		if len(d) > 253 || !domainForm.MatchString(d) {
			return fault.New(fault.Invalid, fault.TokenIssuer, "EmailDomains must be names of domains, such as example.org")
		}
	}
	for _, s := range l.Sources {
		kind, name, named := strings.Cut(s, ":")
		ok := s == directory.Administrator || s == directory.SCIM || named && name != "" && (kind == "ldap" || kind == "oidc")
		if !ok || len(s) > 300 {
			return fault.New(fault.Invalid, fault.TokenIssuer,
				"Sources must be administrator, scim, ldap:NAME or oidc:ISSUER-URL")
		}
	}
	if l.SubjectClaim != "" && !claimForm.MatchString(l.SubjectClaim) {
		return fault.New(fault.Invalid, fault.TokenIssuer, "SubjectClaim must be the name of a claim")
	}
	return nil
}

// IssuerLimits returns the limits of a trusted token issuer. The action is latchkey:GetIssuerLimits on the issuer.
func (c *Center) IssuerLimits(call *control.Call, arn string) (sso.Limits, error) {
	i, err := issuer(call, "latchkey:GetIssuerLimits", arn, policy.Values{})
	if err != nil {
		return sso.Limits{}, err
	}
	return i.Limits, nil
}
