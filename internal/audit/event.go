// Package audit defines the record of a call: of one on the control plane, and of a request for data. The record is
// CloudTrail's event, as the CloudTrail user guide describes it ("CloudTrail record contents"), with the matched grant
// added.
//
// The package owns the form of the record. It writes nothing: package control fills the records, package store keeps
// those of the audit log, and package events carries those of data requests away. No event contains a secret, a session
// token or a signature, and none is written with more than MaxRecord bytes.
package audit

import (
	"encoding/json"
	"time"
)

// Event is one call, allowed or refused.
type Event struct {
	EventVersion        string         `json:"eventVersion"` // "1.11"
	UserIdentity        Identity       `json:"userIdentity"`
	EventTime           time.Time      `json:"eventTime"`
	EventSource         string         `json:"eventSource"` // s3.amazonaws.com, sts.amazonaws.com, iam.amazonaws.com
	EventName           string         `json:"eventName"`
	AWSRegion           string         `json:"awsRegion"`
	SourceIPAddress     string         `json:"sourceIPAddress,omitempty"`
	UserAgent           Text           `json:"userAgent,omitempty"`
	ErrorCode           Text           `json:"errorCode,omitempty"`
	ErrorMessage        Text           `json:"errorMessage,omitempty"`
	RequestParameters   map[string]any `json:"requestParameters"`
	ResponseElements    map[string]any `json:"responseElements"`
	AdditionalEventData map[string]any `json:"additionalEventData,omitempty"`
	RequestID           string         `json:"requestID"`
	EventID             string         `json:"eventID"`
	ReadOnly            bool           `json:"readOnly"`
	Resources           []Resource     `json:"resources,omitempty"`
	EventType           string         `json:"eventType"` // AwsApiCall, AwsServiceEvent
	ManagementEvent     bool           `json:"managementEvent"`
	RecipientAccountID  string         `json:"recipientAccountId"`

	// SharedEventID is the same in the records of one call that two accounts get.
	SharedEventID string `json:"sharedEventID,omitempty"`

	EventCategory string      `json:"eventCategory"` // Management, Data
	TLSDetails    *TLSDetails `json:"tlsDetails,omitempty"`
	Latchkey      *Addendum   `json:"latchkey,omitempty"`
}

// Person is the id of the directory user for whom the call was made; empty: for nobody.
func (e *Event) Person() string {
	if e.UserIdentity.OnBehalfOf == nil {
		return ""
	}
	return e.UserIdentity.OnBehalfOf.UserID
}

// Identity says how the person is known: proven or asserted; empty: the call was made for nobody.
func (e *Event) Identity() string {
	if e.Latchkey == nil {
		return ""
	}
	return e.Latchkey.Identity
}

// Reason is the reason of a refused call; empty: none.
func (e *Event) Reason() string {
	if e.Latchkey == nil {
		return ""
	}
	return e.Latchkey.Reason
}

// Identity is CloudTrail's userIdentity.
type Identity struct {
	Type           string          `json:"type"` // Root, IAMUser, AssumedRole, WebIdentityUser, AWSService, Unknown
	PrincipalID    string          `json:"principalId,omitempty"`
	ARN            string          `json:"arn,omitempty"`
	AccountID      string          `json:"accountId,omitempty"`
	AccessKeyID    string          `json:"accessKeyId,omitempty"`
	UserName       string          `json:"userName,omitempty"`
	SessionContext *SessionContext `json:"sessionContext,omitempty"`
	InvokedBy      string          `json:"invokedBy,omitempty"`

	// IdentityProvider is the ARN of the OpenID Connect provider of a WebIdentityUser.
	IdentityProvider string `json:"identityProvider,omitempty"`

	OnBehalfOf *OnBehalfOf `json:"onBehalfOf,omitempty"`
}

// SessionContext says which role issued a session.
type SessionContext struct {
	SessionIssuer   *SessionIssuer    `json:"sessionIssuer,omitempty"`
	WebIDFederation *WebIDFederation  `json:"webIdFederationData,omitempty"`
	Attributes      SessionAttributes `json:"attributes"`
	SourceIdentity  string            `json:"sourceIdentity,omitempty"`
}

// SessionAttributes say when a session was made.
type SessionAttributes struct {
	CreationDate     time.Time `json:"creationDate"`
	MFAAuthenticated string    `json:"mfaAuthenticated"` // always "false": there is no MFA here
}

// NewSessionAttributes returns those of a session that was made at a time.
func NewSessionAttributes(made time.Time) SessionAttributes { return SessionAttributes{made, "false"} }

// UnmarshalJSON reads a record of an earlier version, too: those had the date in the context itself.
func (c *SessionContext) UnmarshalJSON(text []byte) error {
	type plain SessionContext
	read := struct {
		*plain
		CreationDate time.Time `json:"creationDate"`
	}{plain: (*plain)(c)}
	if err := json.Unmarshal(text, &read); err != nil {
		return err
	}
	if c.Attributes.CreationDate.IsZero() && !read.CreationDate.IsZero() {
		c.Attributes = NewSessionAttributes(read.CreationDate)
	}
	return nil
}

// WebIDFederation says with which web identity token a session was made.
type WebIDFederation struct {
	FederatedProvider string            `json:"federatedProvider"` // ARN of the OpenID Connect provider
	Attributes        map[string]string `json:"attributes"`        // its condition keys aud and sub
}

// SessionIssuer is the role of a session.
type SessionIssuer struct {
	Type        string `json:"type"`
	PrincipalID string `json:"principalId"`
	ARN         string `json:"arn"`
	AccountID   string `json:"accountId"`
	UserName    string `json:"userName"`
}

// OnBehalfOf is the directory user of an identity-enhanced session.
type OnBehalfOf struct {
	UserID           string `json:"userId"`
	IdentityStoreARN string `json:"identityStoreArn"`
}

// TLSDetails says how the connection was protected.
type TLSDetails struct {
	TLSVersion               string `json:"tlsVersion"` // TLSv1.2, TLSv1.3
	CipherSuite              string `json:"cipherSuite,omitempty"`
	ClientProvidedHostHeader Text   `json:"clientProvidedHostHeader"`
}

// Resource is a resource that the call touched.
type Resource struct {
	Type      string `json:"type"` // AWS:S3::AccessGrantsInstance, AWS::IAM::Role
	ARN       string `json:"ARN,omitempty"`
	AccountID string `json:"accountId,omitempty"`

	// ARNPrefix takes the place of the ARN where a call is about all objects of a bucket, as a listing is.
	ARNPrefix string `json:"ARNPrefix,omitempty"`
}

// Addendum is what AWS does not record: which grant answered, through which identity, and what the decision took into
// account.
type Addendum struct {
	GrantID    string `json:"grantId,omitempty"`
	GrantScope string `json:"grantScope,omitempty"`
	LocationID string `json:"locationId,omitempty"`
	Grantee    string `json:"grantee,omitempty"`

	// Resolved says that the grant answered an S3 request itself, and no credential was vended.
	Resolved bool `json:"resolved,omitempty"`

	// Identity says how the directory user of OnBehalfOf is known: "proven" by a token of the user's own, or "asserted" by
	// the engine that named the user in a session tag.
	Identity string `json:"identity,omitempty"`

	// Session is the role session name of a vended credential. The records of the gateway have the same name.
	Session string `json:"session,omitempty"`

	// SessionID names the session that the call made, in hexadecimal, and RoleID its role. In the record of a request to
	// S3 it names the session that signed the request.
	SessionID string `json:"sessionId,omitempty"`
	RoleID    string `json:"roleId,omitempty"`

	// Upstream is the name of the upstream that a request to S3 went to, or that the credential is for.
	Upstream string `json:"upstream,omitempty"`

	// Vending is upstream-sts if the credential is a session of a store's own STS. StoreAccessKeyID is the access key id
	// that the store gave, and StoreSession the role session name that the store was told. RequestedBy is the ARN of who
	// asked, in the record of the request to the store.
	Vending          string `json:"vending,omitempty"`
	StoreAccessKeyID string `json:"storeAccessKeyId,omitempty"`
	StoreSession     string `json:"storeSession,omitempty"`
	RequestedBy      string `json:"requestedBy,omitempty"`

	// Leash says what is left of the leash: expiry-only, if nothing but the expiry ends the credential, because the
	// server does not see its uses. Empty: the whole leash.
	Leash string `json:"leash,omitempty"`

	Expires string `json:"expires,omitempty"`
	Reason  string `json:"reason,omitempty"`

	// PolicyFindings say what the policy in the request has that AWS would silently accept: condition keys that AWS does
	// not document.
	PolicyFindings []string `json:"policyFindings,omitempty"`

	// RefusedBy says which part of the decision refused: leash, scope, session, role, trust, resource_policy, grants,
	// store, signature, budget. It follows from Reason.
	RefusedBy string `json:"refusedBy,omitempty"`

	// Refusals, of a record at the end of an interval, is how many more requests like the recorded one were refused in it.
	// Whose says whose they were: session, key, source, principal, anonymous, account.
	Refusals int64  `json:"refusals,omitempty"`
	Whose    string `json:"whose,omitempty"`

	*Served
	*Gap
}

// Served is what the record of one request to S3 has besides: how it was decided, how it ended, and how the store knows
// it.
type Served struct {
	Decision    string   `json:"decision,omitempty"` // allow, deny; empty: the request failed before a decision
	HTTPStatus  int      `json:"httpStatus,omitempty"`
	Cut         bool     `json:"cut,omitempty"` // the connection ended before the whole answer was sent
	DurationMS  float64  `json:"durationMs"`
	Keys        []string `json:"keys,omitempty"`        // of a DeleteObjects: the keys that the store was asked to delete
	MoreKeys    int      `json:"moreKeys,omitempty"`    // keys that the record has no room for
	RefusedKeys int      `json:"refusedKeys,omitempty"` // of a DeleteObjects that succeeded: keys that were not deleted
	TraceID     string   `json:"traceId,omitempty"`     // of the OpenTelemetry trace of this request
	SpanID      string   `json:"spanId,omitempty"`

	UpstreamRequestID    string            `json:"upstreamRequestId,omitempty"`
	UpstreamRequests     []UpstreamRequest `json:"upstreamRequests,omitempty"` // if there was more than one
	MoreUpstreamRequests int               `json:"moreUpstreamRequests,omitempty"`
}

// UpstreamRequest is one request that an upstream sent to its store.
type UpstreamRequest struct {
	Upstream   string  `json:"upstream,omitempty"`
	RequestID  string  `json:"requestId,omitempty"`
	HostID     string  `json:"hostId,omitempty"`
	HTTPStatus int     `json:"httpStatus,omitempty"`
	DurationMS float64 `json:"durationMs"`
}

// Gap stands for records that are missing: their buffer was full.
type Gap struct {
	Dropped int64     `json:"dropped"` // number of missing records
	From    time.Time `json:"droppedFrom"`
	To      time.Time `json:"droppedTo"`
}

// JSON is the event as one line. It does not go through json.Marshal, which would read the text once more to compact
// it.
func (e *Event) JSON() ([]byte, error) { return e.MarshalJSON() }

// Added is the event's addendum. The first call makes it.
func (e *Event) Added() *Addendum {
	if e.Latchkey == nil {
		e.Latchkey = &Addendum{}
	}
	return e.Latchkey
}
