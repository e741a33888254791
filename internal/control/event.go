package control

import (
	"crypto/tls"
	"strings"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/audit"
	"latchkey/internal/caller"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
)

// newEvent makes a management event as CloudTrail words it.
func newEvent(o *Opening) audit.Event {
	who, f := o.Caller, &o.Caller.Facts
	e := audit.Event{
		EventVersion:        "1.11",
		UserIdentity:        identity(who),
		EventTime:           f.Time.UTC().Truncate(time.Second),
		EventSource:         o.Source,
		EventName:           o.Operation,
		AWSRegion:           f.Region,
		UserAgent:           audit.Text(f.UserAgent),
		RequestParameters:   o.Parameters,
		RequestID:           f.RequestID,
		EventID:             uuid.NewString(),
		ReadOnly:            o.ReadOnly,
		EventType:           "AwsApiCall",
		ManagementEvent:     true,
		RecipientAccountID:  string(who.Account),
		EventCategory:       "Management",
		AdditionalEventData: map[string]any{"SignatureVersion": "SigV4", "AuthenticationMethod": authMethod(f.AuthType)},
	}
	if f.SourceIP.IsValid() {
		e.SourceIPAddress = f.SourceIP.String()
	}
	if f.TLS != 0 {
		version := strings.Replace(tls.VersionName(f.TLS), "TLS ", "TLSv", 1)
		e.TLSDetails = &audit.TLSDetails{TLSVersion: version, ClientProvidedHostHeader: audit.Text(f.Host)}
	}
	if e.RequestParameters == nil {
		e.RequestParameters = map[string]any{}
	}
	if p, ok := who.Person(); ok {
		e.Added().Identity = p.How()
	}
	e.RequestParameters["Host"] = fault.Clip(f.Host, 1<<10)
	return e
}

func authMethod(authType string) string {
	if authType == caller.QueryString {
		return "QueryString"
	}
	return "AuthHeader"
}

// identity is CloudTrail's userIdentity element for a caller.
func identity(who *caller.Caller) audit.Identity {
	id := audit.Identity{
		PrincipalID: who.UserID(), ARN: who.ARN(), AccountID: string(who.Account), AccessKeyID: who.AccessKeyID,
	}
	switch {
	case who.Principal.Kind == policy.Root:
		id.Type = "Root"
	case who.Role != nil:
		id.Type = "AssumedRole"
		id.SessionContext = &audit.SessionContext{
			Attributes: audit.NewSessionAttributes(who.Session.Issued), SourceIdentity: who.Session.SourceIdentity,
			SessionIssuer: &audit.SessionIssuer{
				Type:        "Role",
				PrincipalID: who.Role.ID,
				ARN:         who.Role.ARN(),
				AccountID:   string(who.Role.Account),
				UserName:    who.Role.Name,
			},
			WebIDFederation: federation(who),
		}
	case who.User != nil:
		id.Type, id.UserName = "IAMUser", who.User.Name
		if who.Session != nil {
			id.SessionContext = &audit.SessionContext{Attributes: audit.NewSessionAttributes(who.Session.Issued)}
		}
	default:
		id.Type = "Unknown"
	}
	id.OnBehalfOf = onBehalfOf(who)
	return id
}

// federation describes the foreign token behind a session. It is nil if there is none.
func federation(who *caller.Caller) *audit.WebIDFederation {
	if who.Principal.Federated == "" || who.Session == nil {
		return nil
	}
	_, name, _ := iam.ParseOIDCProviderARN(who.Principal.Federated)
	return &audit.WebIDFederation{
		FederatedProvider: who.Principal.Federated,
		Attributes:        map[string]string{name + ":aud": who.Session.ClientID, name + ":sub": who.Session.Subject},
	}
}

// onBehalfOf is the person of the directory for whom the caller acts. It is nil if there is none.
func onBehalfOf(who *caller.Caller) *audit.OnBehalfOf {
	p, ok := who.Person()
	if !ok {
		return nil
	}
	return &audit.OnBehalfOf{UserID: string(p.ID), IdentityStoreARN: p.StoreARN}
}

// ServiceEvent is the record of what the Access Grants service did itself on behalf of the call: the AssumeRole of a
// location's role.
func (call *Call) ServiceEvent(source, operation, invokedBy string, parameters map[string]any) audit.Event {
	e := audit.Event{
		EventVersion: "1.11", UserIdentity: audit.Identity{
			Type:       "AWSService",
			InvokedBy:  invokedBy,
			OnBehalfOf: call.Event.UserIdentity.OnBehalfOf,
		},
		EventTime: call.Event.EventTime, EventSource: source, EventName: operation, AWSRegion: call.Event.AWSRegion,
		SourceIPAddress: invokedBy, UserAgent: audit.Text(invokedBy), RequestParameters: parameters,
		RequestID: call.Event.RequestID,
		EventID:   uuid.NewString(), ReadOnly: true, EventType: "AwsApiCall", ManagementEvent: true,
		RecipientAccountID: call.Event.RecipientAccountID, EventCategory: "Management",
	}
	if how := call.Event.Identity(); how != "" {
		e.Added().Identity = how
	}
	return e
}
