package sigv4

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"latchkey/internal/fault"
)

// Signed is what a request claims. Only its [Signed.Verify] makes it more than a claim. It never prints its token.
type Signed struct {
	AccessKeyID   string
	Region        string        // of the credential scope
	Service       string        // of the credential scope; see [Signed.RequireService]
	Time          time.Time     // when the request was signed, UTC, whole seconds
	Presigned     bool          // the signature is in the query
	Expires       time.Duration // life of a presigned URL from Time on; 0 for others
	SignedHeaders []string      // lower case, ascending
	Payload       PayloadMode
	ContentSHA256 string  // the value of x-amz-content-sha256, or the hash or word that stands for it
	DecodedLength int64   // length of the body's content in bytes, without framing; -1: not announced
	Path          string  // for S3 the path as signed, each byte in its one percent-encoded spelling; else as sent
	Query         []Param // all parameters, decoded, in the order sent, those of a presigned URL among them

	token        string
	signature    string // as given
	scope        string // date/region/service/aws4_request
	date         string // Time as signed
	canonical    []byte // the canonical request up to the payload hash
	trailerNames []string
	request      *http.Request
	options      Options
	key          signingKey
	verified     bool
}

// Parse reads the signature of a request and everything that it covers, and refuses what has two readings. It does not
// read the body. A request without any signature is a fault of kind Unauthenticated and entity MissingAuth; whatever
// else a form or a cookie may say is no signature.
//
// The rules are those of https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html and,
// for S3, https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html.
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

// readTime takes the request's time: X-Amz-Date, and Date only where that is missing, as AWS does. Either is part of
// the string to sign, so neither can be changed.
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

// parseISO is stricter than time.Parse, which would let a fraction of a second pass.
func parseISO(v string) (time.Time, error) {
	if len(v) != len(isoBasic) {
		return time.Time{}, errors.New("not in the ISO8601 basic format")
	}
	return time.Parse(isoBasic, v)
}

// readToken takes the session token. A presigned URL may carry it in its query or in a signed header; in both only if
// they agree.
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

// SessionToken is the session token of a temporary credential, or "". Whoever looks up the secret must refuse a
// temporary access key without its token and any token with another's key.
func (s *Signed) SessionToken() string { return s.token }

// RequireService refuses a request that was signed for another service than the one that now answers it.
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

// String names the claim for logs, without token and signature.
func (s *Signed) String() string {
	if s == nil {
		return "unsigned"
	}
	return fmt.Sprintf("%s/%s, %s, %d headers", s.AccessKeyID, s.scope, s.Payload, len(s.SignedHeaders))
}

// GoString is String: the verb %#v prints no token either.
func (s *Signed) GoString() string { return s.String() }

// LogValue is String for slog.
func (s *Signed) LogValue() slog.Value { return slog.StringValue(s.String()) }
