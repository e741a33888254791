package sigv4

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"latchkey/internal/fault"
)

func TestAttack15_SignedHeaders(t *testing.T) {
	for name, list := range map[string]string{
		"empty":               "",
		"an empty name":       "host;;x-amz-content-sha256;x-amz-date",
		"an empty first name": ";host;x-amz-content-sha256;x-amz-date",
		"an empty last name":  "host;x-amz-content-sha256;x-amz-date;",
		"unsorted":            "x-amz-content-sha256;host;x-amz-date",
		"a name twice":        "host;host;x-amz-content-sha256;x-amz-date",
		"upper case":          "Host;x-amz-content-sha256;x-amz-date",
		"no host":             "x-amz-content-sha256;x-amz-date", "a space": "host;x-amz-content-sha256; x-amz-date",
		"too many": "host" + strings.Repeat(";i", 300),
	} {
		t.Run(name, func(t *testing.T) {
			signed := strings.Split(list, ";")
			r := signer{signed: signed, list: list}.header(t, request(t, "GET", object, ""))
			if list == "" {
				r.Header.Set("Authorization",
					strings.Replace(r.Header.Get("Authorization"),
						"SignedHeaders=host;x-amz-content-sha256;x-amz-date", "SignedHeaders=", 1))
			}
			_, err := verify(r)
			if name == "empty" {
				if err == nil {
					t.Error("accepted")
				}
				return
			}
			refused(t, err, fault.Invalid, fault.Authorization)
		})
	}
	s := signer{signed: []string{"host", "x-amz-content-sha256", "x-amz-date", "x-amz-expected"}}
	_, err := verify(s.header(t, request(t, "GET", object, "")))
	refused(t, err, fault.Unauthenticated, fault.Signature) // signed but absent
	r := signer{}.header(t, request(t, "GET", object, ""))
	r.Host = ""
	_, err = verify(r)
	refused(t, err, fault.Invalid, fault.Host)
	r.Host = "other.example.org"
	_, err = verify(r)
	refused(t, err, fault.Unauthenticated, fault.Signature)
	r = signer{}.header(t, request(t, "GET", object, ""))
	r.Header["Host"] = []string{"other.example.org"}
	_, err = verify(r)
	refused(t, err, fault.Invalid, fault.Header)
}

func TestAttack15_AuthorizationHeader(t *testing.T) {
	honest := signer{}.header(t, request(t, "GET", object, ""))
	mustVerify(t, honest)
	v := honest.Header.Get("Authorization")
	cred := testKey + "/" + testScope
	for name, c := range map[string]struct {
		value  string
		entity fault.Entity
	}{
		"Signature Version 2":       {"AWS " + testKey + ":AAAA", fault.Signature},
		"SigV4A":                    {strings.Replace(v, "HMAC", "ECDSA-P256", 1), fault.Signature},
		"no mechanism":              {strings.TrimPrefix(v, "AWS4-HMAC-SHA256 "), fault.Signature},
		"a bearer token":            {"Bearer x", fault.Signature},
		"lower case":                {strings.ToLower(v), fault.Signature},
		"two credentials":           {strings.Replace(v, "Signed", "Credential="+cred+", Signed", 1), fault.Authorization},
		"two signatures":            {v + ", Signature=00", fault.Authorization},
		"an unknown component":      {v + ", Token=00", fault.Authorization},
		"an empty component":        {v + ",", fault.Authorization},
		"no signature":              {v[:strings.Index(v, ", Signature")], fault.Authorization},
		"no signed headers":         {strings.Replace(v, "SignedHeaders", "Headers", 1), fault.Authorization},
		"an empty access key":       {strings.Replace(v, testKey, "", 1), fault.Authorization},
		"a credential too long":     {strings.Replace(v, testKey, strings.Repeat("A", 129), 1), fault.Authorization},
		"a credential of six parts": {strings.Replace(v, testKey, testKey+"/x", 1), fault.Authorization},
		"a credential of four":      {strings.Replace(v, "/s3", "", 1), fault.Authorization},
		"another terminator":        {strings.Replace(v, "aws4_request", "aws5_request", 1), fault.Authorization},
		"no region":                 {strings.Replace(v, "us-east-1", "", 1), fault.Authorization},
		"endless":                   {v + strings.Repeat(" ", maxAuthorization) + "x", fault.Authorization},
	} {
		t.Run(name, func(t *testing.T) {
			r := honest.Clone(t.Context())
			r.Header.Set("Authorization", c.value)
			kind := fault.Invalid
			if c.entity == fault.Signature {
				kind = fault.Unsupported
			}
			_, err := verify(r)
			refused(t, err, kind, c.entity)
		})
	}
	sig := v[len(v)-64:]
	for name, s := range map[string]string{
		"empty":      "x",
		"short":      sig[:63],
		"long":       sig + "0",
		"upper case": strings.ToUpper(sig),
		"another":    hexSum("x"),
	} {
		t.Run("signature: "+name, func(t *testing.T) {
			r := honest.Clone(t.Context())
			r.Header.Set("Authorization", strings.Replace(v, sig, s, 1))
			_, err := verify(r)
			refused(t, err, fault.Unauthenticated, fault.Signature)
		})
	}
	for i := range 64 {
		r := honest.Clone(t.Context())
		c := byte('0')
		if sig[i] == c {
			c = '1'
		}
		r.Header.Set("Authorization", v[:len(v)-64]+sig[:i]+string(c)+sig[i+1:])
		_, err := verify(r)
		refused(t, err, fault.Unauthenticated, fault.Signature)
	}
	noSecret, err := Parse(signer{secret: " "}.header(t, request(t, "GET", object, "")), Options{})
	if err != nil {
		t.Fatal(err)
	}
	refused(t, noSecret.Verify("", testTime()), fault.Unauthenticated, fault.Signature)
	// Commas without spaces after them are common, and mean the same.
	tight := honest.Clone(t.Context())
	tight.Header.Set("Authorization", strings.ReplaceAll(v, ", ", ","))
	mustVerify(t, tight)
}

func TestAttack15_AuthQuery(t *testing.T) {
	honest := func() *http.Request {
		return signer{token: "tok"}.presign(t, bare(t, "GET", object+"?versionId=1", ""))
	}
	mustVerify(t, honest())
	names := authNames[:7]
	for _, name := range names {
		r := honest()
		r.URL.RawQuery += "&" + name + "=x"
		_, err := verify(r)
		refused(t, err, fault.Invalid, fault.AuthQuery)
		r = honest()
		r.URL.RawQuery += "&" + strings.ToLower(name) + "=x"
		_, err = verify(r)
		refused(t, err, fault.Invalid, fault.AuthQuery)
		r = honest()
		r.URL.RawQuery += "&X-Amz-%" + strconv.FormatInt(int64(name[6]), 16) + name[7:] + "=x"
		_, err = verify(r)
		refused(t, err, fault.Invalid, fault.AuthQuery)

		r = honest()
		q := r.URL.Query()
		q.Del(name)
		r.URL.RawQuery = q.Encode()
		kind, entity := fault.Invalid, fault.AuthQuery
		if name == "X-Amz-Security-Token" {
			kind, entity = fault.Unauthenticated, fault.Signature
		}
		_, err = verify(r)
		refused(t, err, kind, entity)
		q.Set(name, "")
		r.URL.RawQuery = q.Encode()
		if name == "X-Amz-Security-Token" {
			entity = fault.SessionToken
		}
		_, err = verify(r)
		refused(t, err, kind, entity)
	}
	for _, extra := range []string{"acl", "x=%31", "versionId=1", "tagging=", "=", "X-Amz-Acl=public-read", ";"} {
		r := honest()
		r.URL.RawQuery += "&" + extra
		_, err := verify(r)
		refused(t, err, fault.Unauthenticated, fault.Signature)
	}
	both := honest()
	both.Header.Set("Authorization", signer{}.header(t, request(t, "GET", object, "")).Header.Get("Authorization"))
	_, err := verify(both)
	refused(t, err, fault.Invalid, fault.Argument)
	header := signer{}.header(t, request(t, "GET", object+"?X-Amz-Security-Token=x", ""))
	_, err = verify(header)
	refused(t, err, fault.Invalid, fault.Argument)
	for query, hint := range map[string]string{
		"AWSAccessKeyId=AKID&Signature=x&Expires=1":                        "s3v4",
		"AWSAccessKeyId=ASIA&Signature=x&x-amz-security-token=t&Expires=1": "s3v4",
		"X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Signature=00" +
			"&X-Amz-Credential=AKID%2F20260501%2Fs3%2Faws4_request": "SigV4A",
		"X-Amz-Algorithm=AWS2&X-Amz-Signature=00": "AWS4-HMAC-SHA256",
	} {
		_, err := verify(received(t, bare(t, "GET", object+"?"+query, "")))
		refused(t, err, fault.Unsupported, fault.Signature)
		if !strings.Contains(fault.Of(err).Text.String(), hint) {
			t.Errorf("%q does not name %s", fault.Of(err).Text, hint)
		}
	}
}
