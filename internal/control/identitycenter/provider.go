package identitycenter

import (
	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/sso"
)

// Provider is a kind of application.
type Provider struct {
	ARN, DisplayName, Description string
	Scopes                        []ProviderScope // what it serves as a resource server
	number                        int64
}

// ProviderScope is a scope that a provider owns.
type ProviderScope struct{ Name, Title, Description string }

// providers are all application providers: one for a customer's own applications, and S3's.
func providers() []Provider {
	return []Provider{
		{
			ARN:         sso.CustomProvider,
			DisplayName: "Custom application",
			Description: "An OAuth 2.0 application of your own",
			number:      1,
		},
		{
			ARN:         sso.S3Provider,
			DisplayName: "Amazon S3 Access Grants",
			Description: "Grants of S3 data to people and groups of the directory",
			number:      2,
			Scopes: []ProviderScope{{sso.S3Scope, "Use S3 Access Grants",
				"Get access to S3 data that the user or a group of the user was granted"}},
		},
	}
}

func provider(arn string) *Provider {
	for _, p := range providers() {
		if p.ARN == arn {
			return &p
		}
	}
	return nil
}

func noProvider(arn string) error {
	return fault.New(fault.NotFound, fault.ApplicationProvider, "Application provider %s does not exist", arn)
}

// Providers lists the application providers.
func (c *Center) Providers(call *control.Call, at Cut) (Page[Provider], error) {
	if err := call.May("sso:ListApplicationProviders", "*", policy.Values{}, nil, call.Account); err != nil {
		return Page[Provider]{}, err
	}
	return cutPage(c.Control, at, providers(), listName(call, "ListApplicationProviders"),
		func(p Provider) int64 { return p.number })
}

// Provider returns an application provider.
func (c *Center) Provider(call *control.Call, arn string) (*Provider, error) {
	if err := call.May("sso:DescribeApplicationProvider", arn, policy.Values{}, nil, call.Account); err != nil {
		return nil, err
	}
	if p := provider(arn); p != nil {
		return p, nil
	}
	return nil, noProvider(arn)
}
