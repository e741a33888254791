package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Signer is who signs a request for S3.
type Signer struct {
	AccessKeyID, Secret, SessionToken string
	Region                            string
	Time                              time.Time
}

// Sign signs a request for S3 in its headers: it sets x-amz-date, x-amz-security-token and Authorization. The request
// has its x-amz-content-sha256 already. Signed are the host, every header that means something to AWS, and the headers
// that are named besides. What Sign signs, Parse and Verify accept. Sign fails for a request that Parse would refuse,
// and changes it nevertheless.
func (g *Signer) Sign(r *http.Request, besides ...string) error {
	r.Header.Del("Authorization")
	at := g.Time.UTC().Format(isoBasic)
	r.Header.Set(hDate, at)
	r.Header.Set(hSecurityToken, g.SessionToken)
	path, err := rawPath(r.URL)
	if err != nil {
		return err
	}
	query, err := ParseQuery(r.URL.RawQuery)
	if err != nil {
		return err
	}
	h, err := collectHeaders(r)
	if err != nil {
		return err
	}
	names := []string{"host"}
	for name := range h {
		if strings.HasPrefix(name, amzPrefix) || name == "content-md5" || slices.Contains(besides, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	s := &Signed{
		AccessKeyID: g.AccessKeyID, Region: g.Region, Service: "s3", Time: g.Time.UTC(), SignedHeaders: names, Path: path,
		Query: query, ContentSHA256: h.get(hContentSHA256), date: at,
		scope: at[:8] + "/" + g.Region + "/s3/" + terminator, request: r, options: Options{}.withDefaults(),
	}
	s.writeCanonical(r, h)
	key := deriveKey(g.Secret, at[:8], g.Region, "s3")
	mac := hmacSHA256(key[:], s.stringToSign(append(s.canonical, s.ContentSHA256...)))
	var signature [2 * sha256.Size]byte
	hex.Encode(signature[:], mac[:])
	r.Header.Set("Authorization", algorithm+" Credential="+g.AccessKeyID+"/"+s.scope+
		", SignedHeaders="+strings.Join(names, ";")+", Signature="+string(signature[:]))
	_, err = Parse(r, Options{})
	return err
}
