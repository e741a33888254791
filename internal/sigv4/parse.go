package sigv4

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"latchkey/internal/fault"
)

// Signed is what a request claims about itself. Only [Signed.Verify] proves the claim. A Signed never prints its
// token.
type Signed struct {
	AccessKeyID   string
	Region        string        // of the credential scope
	Service       string        // of the credential scope; see [Signed.RequireService]
	Time          time.Time     // when the request was signed, UTC, whole seconds
	Presigned     bool          // the signature is in the query
	Expires       time.Duration // how long a presigned URL is valid after Time; 0 for other requests
	SignedHeaders []string      // lower case, ascending
	Payload       PayloadMode
	ContentSHA256 string // the value of x-amz-content-sha256, or the value that its absence stands for
	DecodedLength int64  // length of the body's content in bytes, without framing; -1: not announced

	// Path for S3 is the path as signed, with one percent-encoded spelling for each byte. For other services it is the
	// path as sent.
	Path string

	// Query has all parameters, decoded and in the order in which they were sent, including those of a presigned URL.
	Query []Param

	token        string
	signature    string // as the request states it
	scope        string // date/region/service/aws4_request
	date         string // Time as signed
	canonical    []byte // the canonical request up to the payload hash
	trailerNames []string
	request      *http.Request
	options      Options
	key          signingKey
	verified     bool
}

// Parse reads the signature of a request and everything that the signature covers. It refuses a request with two
// readings. It does not read the body. A request without any signature is a fault of kind Unauthenticated and entity
// MissingAuth. Nothing in a form or a cookie counts as a signature.
//
// The rules are those of https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
// and, for S3, https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html.
func Parse(r *http.Request, o Options) (*Signed, error) {
	raw, err := rawPath(r.URL)
	if err != nil {
		return nil, err
	}
	params, err := ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	h, err := collectHeaders(r)
	if err != nil {
		return nil, err
	}
	auth, presigned, err := findQueryAuth(params)
	if h.has("authorization") {
		if presigned {
			return nil, fault.New(fault.Invalid, fault.Argument, "Only one auth mechanism allowed; only the X-Amz-Algorithm "+
				"query parameter, Signature query string parameter or the Authorization header should be specified")
		}
		auth, err = parseAuthorization(h.get("authorization"))
	} else if !presigned {
		return nil, fault.New(fault.Unauthenticated, fault.MissingAuth, "Request is missing Authentication Token")
	}
	if err != nil {
		return nil, err
	}

	s := &Signed{
		Presigned: presigned,
		Query:     params,
		Path:      raw,
		signature: auth.signature,
		request:   r,
		options:   o.withDefaults(),
	}
	malformed := malformedHeader
	if presigned {
		malformed = malformedQuery
	}
	if err := s.readTime(h, auth); err != nil {
		return nil, err
	}
	if err := s.readCredential(auth.credential, malformed); err != nil {
		return nil, err
	}
	if s.SignedHeaders, err = parseSignedHeaders(auth.signedHeaders, malformed); err != nil {
		return nil, err
	}
	if err := checkSigned(h, s.SignedHeaders); err != nil {
		return nil, err
	}
	if err := s.readToken(h, auth); err != nil {
		return nil, err
	}
	if err := s.readPayload(r, h, auth); err != nil {
		return nil, err
	}
	s.writeCanonical(r, h)
	return s, nil
}

func (s *Signed) isS3() bool { return s.Service == "s3" }

// readTime reads the request's time from X-Amz-Date, or from Date if X-Amz-Date is absent, as AWS does. The time is
// part of the string to sign, so nobody can change it.
func (s *Signed) readTime(h headerSet, auth authParams) (err error) {
	if s.Presigned {
		if s.Time, err = parseISO(auth.date); err != nil {
			return fault.New(fault.Invalid, fault.AuthQuery,
				`X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd'T'HHmmss'Z'"`)
		}
		if h.has(hDate) && h.get(hDate) != auth.date {
			return malformedQuery("X-Amz-Date in the query and in the header do not agree")
		}
		if s.Expires, err = parseExpires(auth.expires); err != nil {
			return err
		}
	} else {
		v := h.get(hDate)
		if !h.has(hDate) {
			v = h.get("date")
		}
		if s.Time, err = parseISO(v); err != nil && !h.has(hDate) {
			s.Time, err = http.ParseTime(v)
		}
		if err != nil {
			return fault.New(fault.Denied, fault.RequestTime, "AWS authentication requires a valid Date or x-amz-date header")
		}
	}
	s.Time = s.Time.UTC()
	s.date = s.Time.Format(isoBasic)
	return nil
}

// parseISO is stricter than time.Parse, which accepts fractions of a second.
func parseISO(v string) (time.Time, error) {
	if len(v) != len(isoBasic) {
		return time.Time{}, errors.New("not in the ISO8601 basic format")
	}
	return time.Parse(isoBasic, v)
}

// readToken reads the session token. A presigned URL may have it in its query or in a signed header. If it is in
// both, the two must be equal.
func (s *Signed) readToken(h headerSet, auth authParams) error {
	s.token = h.get(hSecurityToken)
	if auth.hasToken {
		if h.has(hSecurityToken) && s.token != auth.token {
			return malformedQuery("X-Amz-Security-Token in the query and in the header do not agree")
		}
		s.token = auth.token
	}
	if (auth.hasToken || h.has(hSecurityToken)) && s.token == "" || len(s.token) > maxTokenBytes {
		return fault.New(fault.Unauthenticated, fault.SessionToken, "The provided token is malformed or otherwise invalid.")
	}
	return nil
}

// SessionToken is the session token of a temporary credential, or "". The caller that looks up the secret must refuse
// a temporary access key without its token, and any token that belongs to another key.
func (s *Signed) SessionToken() string { return s.token }

// RequireService refuses a request that was signed for a service other than the one that answers it.
func (s *Signed) RequireService(name string) error {
	if s.Service == name {
		return nil
	}
	malformed := malformedHeader
	if s.Presigned {
		malformed = malformedQuery
	}
	return malformed("incorrect service %q. This endpoint belongs to %q", s.Service, name)
}

// String describes the claim for logs, without token and signature.
func (s *Signed) String() string {
	if s == nil {
		return "unsigned"
	}
	return fmt.Sprintf("%s/%s, %s, %d headers", s.AccessKeyID, s.scope, s.Payload, len(s.SignedHeaders))
}

// GoString is String, so that the verb %#v does not print the token either.
func (s *Signed) GoString() string { return s.String() }

// LogValue is String for slog.
func (s *Signed) LogValue() slog.Value { return slog.StringValue(s.String()) }
