// Package awserror is the one place where a fault becomes an AWS error code and an HTTP status.
//
// Each service has its own dialect: the same fault is AccessDenied in S3 and STS, and AccessDeniedException in Identity
// Center. The tables follow the S3 API reference ("Error responses", with its list of S3 Access Grants codes), and the
// STS and IAM API references ("Common errors" and the errors of each operation). The package handles no request and
// writes no answer.
package awserror

import (
	"latchkey/internal/fault"
)

// Dialect is the family of codes that a service speaks.
type Dialect uint8

// The dialects.
const (
	S3 Dialect = iota // S3 and S3 Control
	STS
	IAM
	JSON   // Latchkey's own service, in the manner of AWS's json services
	SSO    // Identity Center's administration, and its identity store
	OAuth  // Identity Center's OAuth service
	Portal // Identity Center's access portal

	Iceberg // Iceberg's REST specification
)

// Error is what a client is told. The audit record has its reason, too.
type Error struct {
	Code    string
	Status  int
	Message string // the text, with the reason in front of it where the client is told the reason
	Text    string // the text alone, for people who read a page
	Reason  fault.Reason
	Fields  map[string]string
}

// entry is one row of a table: code, status, and the text for a fault that has no text of its own.
type entry struct {
	code   string
	status int
	text   string
}

type key struct {
	kind   fault.Kind
	entity fault.Entity
}

// Of turns err into what the client of this dialect is told. The private cause never reaches the answer: an Internal
// fault always gets the table's own text. Only clients of S3 see the error of a store behind the gateway.
func Of(d Dialect, err error) Error {
	f := fault.Of(err)
	e := lookup(d, f.Kind, f.Entity)
	out := Error{
		Code: e.code, Status: e.status, Message: f.Message(), Text: f.Text.String(), Reason: f.Reason, Fields: f.Fields,
	}
	if f.Text == (fault.Text{}) || f.Kind == fault.Internal {
		out.Message, out.Text = e.text, e.text
	}
	switch d {
	case OAuth:
		return oauth(out)
	case S3:
		return out.withForeign(f)
	}
	return out
}

func lookup(d Dialect, k fault.Kind, n fault.Entity) entry {
	own, common := tables(d)
	if e, ok := own[key{k, n}]; ok {
		return e
	}
	if e, ok := common[k]; ok {
		return e
	}
	return common[fault.Internal]
}

func tables(d Dialect) (map[key]entry, map[fault.Kind]entry) {
	switch d {
	case STS:
		return stsCodes, queryKinds
	case IAM:
		return iamCodes, iamKinds
	case JSON:
		return jsonCodes, jsonKinds
	case SSO:
		return ssoCodes, ssoKinds
	case OAuth:
		return oauthCodes, oauthKinds
	case Portal:
		return portalCodes, portalKinds
	case Iceberg:
		return icebergCodes, icebergKinds
	default:
		return s3Codes, s3Kinds
	}
}
