package sigv4

import (
	"slices"
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/fault"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	isoBasic   = "20060102T150405Z"
)

// authParams are the parts of a signature as they are in the header or in the query.
type authParams struct {
	credential, signedHeaders, signature string

	// Only in a query.
	date, expires, token, contentSHA256 string
	hasToken, hasContentSHA256          bool
}

func malformedHeader(format string, args ...any) error {
	return fault.New(fault.Invalid, fault.Authorization, "The authorization header is malformed; "+format+".", args...)
}

func malformedQuery(format string, args ...any) error {
	return fault.New(fault.Invalid, fault.AuthQuery,
		"Error parsing the query authorization parameters; "+format+".", args...)
}

// otherMechanism words the refusal of a signature that is not SigV4, so that the client's author knows what to
// change.
func otherMechanism(found string) error {
	const tail = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
	switch {
	case found == "AWS" || strings.HasPrefix(found, "AWS3"):
		return fault.New(fault.Unsupported, fault.Signature, tail+" This request is signed with Signature Version 2: "+
			"sign with Signature Version 4, in boto3 Config(signature_version='s3v4'), in the AWS CLI "+
			"aws configure set default.s3.signature_version s3v4.")
	case strings.HasPrefix(found, "AWS4-ECDSA"):
		return fault.New(fault.Unsupported, fault.Signature, tail+" This request is signed with SigV4A (%s), "+
			"which is for multi-Region access points: use an ordinary bucket or endpoint name and one region.", found)
	}
	return fault.New(fault.Unsupported, fault.Signature, tail)
}

// parseAuthorization reads "AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...".
func parseAuthorization(v string) (authParams, error) {
	var a authParams
	if len(v) > maxAuthorization {
		return a, malformedHeader("it is too long")
	}
	mechanism, rest, _ := strings.Cut(strings.Trim(v, " \t"), " ")
	if mechanism != algorithm {
		return a, otherMechanism(mechanism)
	}
	seen := map[string]*string{"Credential": &a.credential, "SignedHeaders": &a.signedHeaders, "Signature": &a.signature}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, ok := strings.Cut(strings.Trim(part, " \t"), "=")
		to := seen[name]
		if !ok || to == nil {
			return a, malformedHeader("the authorization header requires three components: " +
				"Credential, SignedHeaders, and Signature")
		}
		if *to != "" || value == "" {
			return a, malformedHeader("the %s must be present once and not empty", name)
		}
		*to = value
	}
	for _, name := range []string{"Credential", "SignedHeaders", "Signature"} {
		if *seen[name] == "" {
			return a, malformedHeader("missing %s", name)
		}
	}
	return a, nil
}

// authNames are the query parameters of a presigned URL.
var authNames = [...]string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders",
	"X-Amz-Signature", "X-Amz-Security-Token", "X-Amz-Content-Sha256"}

const qSignature = "X-Amz-Signature"

// findQueryAuth reads the query parameters of a signature. ok says whether there are any. Each parameter may occur
// once and in its exact spelling, because a second reading would be a second signature.
func findQueryAuth(params []Param) (a authParams, ok bool, err error) {
	var values [len(authNames)]string
	var have [len(authNames)]bool
	// This check comes before the one of spellings: Signature Version 2 names its token x-amz-security-token.
	if slices.ContainsFunc(params, func(p Param) bool { return p.Name == "AWSAccessKeyId" }) {
		return a, true, otherMechanism("AWS")
	}
	for _, p := range params {
		if len(p.Name) < len(amzPrefix) || !strings.EqualFold(p.Name[:len(amzPrefix)], amzPrefix) {
			continue
		}
		for i, name := range authNames {
			if !strings.EqualFold(p.Name, name) {
				continue
			}
			if p.Name != name || have[i] {
				return a, true, malformedQuery("the parameter %s must be present once and spelled so", name)
			}
			values[i], have[i] = p.Value, true
		}
	}
	if have == [len(authNames)]bool{} {
		return a, false, nil
	}
	a = authParams{credential: values[1], date: values[2], expires: values[3], signedHeaders: values[4],
		signature: values[5], token: values[6], hasToken: have[6], contentSHA256: values[7], hasContentSHA256: have[7]}
	if values[0] != "" && values[0] != algorithm {
		return a, true, otherMechanism(values[0])
	}
	for i := range 6 {
		if values[i] == "" {
			return a, true, fault.New(fault.Invalid, fault.AuthQuery,
				"Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "+
					"X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.")
		}
	}
	return a, true, nil
}

// readCredential reads "key/YYYYMMDD/region/service/aws4_request" and compares its date with the request's.
func (s *Signed) readCredential(credential string, malformed func(string, ...any) error) error {
	parts := strings.Split(credential, "/")
	if len(parts) != 5 {
		return malformed(`the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request"`)
	}
	key, date, region, service := parts[0], parts[1], parts[2], parts[3]
	if !isPrintable(key, maxAccessKeyID) || !isPrintable(region, maxScopePart) || !isPrintable(service, maxScopePart) {
		return malformed(`the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request"`)
	}
	if !access.IsRegion(region) {
		return malformed("the region %q is not a region", region)
	}
	if parts[4] != terminator {
		return malformed(`incorrect terminal %q. This endpoint uses "aws4_request"`, parts[4])
	}
	if want := s.Time.Format("20060102"); date != want {
		return malformed(`invalid credential date %q. This date is not the same as X-Amz-Date: %q`, date, want)
	}
	s.AccessKeyID, s.Region, s.Service, s.scope = key, region, service, credential[len(key)+1:]
	return nil
}

// isPrintable reports whether s consists of 1 to limit printable ASCII characters other than space.
func isPrintable(s string, limit int) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return s != "" && len(s) <= limit
}

// parseExpires reads X-Amz-Expires: whole seconds from 1 to 604800.
func parseExpires(v string) (time.Duration, error) {
	n := time.Duration(0)
	for i := range len(v) {
		if v[i] < '0' || v[i] > '9' {
			return 0, fault.New(fault.Invalid, fault.AuthQuery, "X-Amz-Expires should be a number")
		}
		if n = n*10 + time.Duration(v[i]-'0'); n > maxPresignExpiry/time.Second {
			return 0, fault.New(fault.Invalid, fault.AuthQuery, "X-Amz-Expires must be less than a week (in seconds); "+
				"that is, the given X-Amz-Expires must be less than 604800 seconds")
		}
	}
	if n == 0 {
		return 0, fault.New(fault.Invalid, fault.AuthQuery, "X-Amz-Expires must be at least 1 second")
	}
	return n * time.Second, nil
}
