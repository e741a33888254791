package broker

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/credential"
)

// r2Claims are the claims of a session of R2, which whoever has a key may sign (Cloudflare's documentation of R2,
// "Temporary credentials", "Locally").
type r2Claims struct {
	Bucket   string   `json:"bucket"`
	Scope    string   `json:"scope"`
	Actions  []string `json:"actions"`
	Paths    r2Paths  `json:"paths"`
	Subject  string   `json:"sub"` // the Cloudflare account
	Issuer   string   `json:"iss"` // the parent's access key id
	Audience string   `json:"aud"` // the endpoint's host
	Issued   int64    `json:"iat"`
	Expires  int64    `json:"exp"`
}

type r2Paths struct {
	Prefixes []string `json:"prefixPaths"`
	Objects  []string `json:"objectPaths"`
}

// signR2 makes a session of R2. R2 has no STS: the session is a JWT that the parent's secret signs, and the secret of
// the session is the JWT's hash. Its access key id is the parent's, so records tell such sessions apart by their own
// ids only.
func (s *Store) signR2(ctx context.Context, f Fence, d time.Duration) (credential.Credentials, error) {
	if f.nothing() || len(r2Actions(&f)) == 0 {
		return credential.Credentials{}, s.useless(errNothing)
	}
	if err := f.check(R2, true); err != nil {
		return credential.Credentials{}, err
	}
	parent, err := s.Credentials.Retrieve(ctx)
	if err != nil {
		return credential.Credentials{}, s.useless(&keysError{err})
	}
	now := s.Now().UTC().Truncate(time.Second)
	account, _, _ := strings.Cut(s.S3Endpoint.Hostname(), ".")
	claims := r2Claims{
		Bucket: f.Bucket, Scope: "object-read-only", Actions: r2Actions(&f), Subject: account, Issuer: parent.AccessKeyID,
		Audience: s.S3Endpoint.Host, Issued: now.Unix(), Expires: now.Add(d).Unix(),
		Paths: r2Paths{Prefixes: []string{}, Objects: []string{}},
	}
	if f.Permission.Covers(access.Write) {
		claims.Scope = "object-read-write"
	}
	if f.Exact {
		claims.Paths.Objects = []string{f.Prefix}
	} else {
		claims.Paths.Prefixes = []string{f.Prefix}
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return credential.Credentials{}, err
	}
	encoding := base64.RawURLEncoding
	text := encoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encoding.EncodeToString(body)
	mac := hmac.New(sha256.New, []byte(parent.SecretAccessKey))
	mac.Write([]byte(text))
	text += "." + encoding.EncodeToString(mac.Sum(nil))
	secret := sha256.Sum256([]byte(text))
	return credential.Credentials{
		AccessKeyID: parent.AccessKeyID, Secret: credential.NewSecret(hex.EncodeToString(secret[:])),
		SessionToken: credential.NewSecret(base64.StdEncoding.EncodeToString([]byte("jwt/" + text))), Expires: now.Add(d),
	}, nil
}

// r2Actions are the operations that a fence allows. A copy reads, so a permission to write alone has none.
func r2Actions(f *Fence) []string {
	var all []string
	if f.Permission.Covers(access.Read) {
		all = append(all, "HeadObject", "GetObject", "ListParts")
	}
	if f.lists() {
		all = append(all, "ListObjectsV1", "ListObjectsV2")
	}
	if f.Permission.Covers(access.Write) {
		all = append(all, "PutObject", "DeleteObject", "DeleteObjects", "CreateMultipartUpload", "UploadPart",
			"CompleteMultipartUpload", "AbortMultipartUpload")
	}
	if f.Permission == access.ReadWrite {
		all = append(all, "CopyObject", "UploadPartCopy")
	}
	return slices.DeleteFunc(all, func(a string) bool { return slices.Contains(f.Without, r2Needs[a]) })
}

// r2Needs is the action of S3 that an operation needs.
var r2Needs = map[string]string{
	"HeadObject": "s3:GetObject", "GetObject": "s3:GetObject", "ListParts": "s3:ListMultipartUploadParts",
	"ListObjectsV1": "s3:ListBucket", "ListObjectsV2": "s3:ListBucket", "PutObject": "s3:PutObject",
	"DeleteObject": "s3:DeleteObject", "DeleteObjects": "s3:DeleteObject", "CreateMultipartUpload": "s3:PutObject",
	"UploadPart": "s3:PutObject", "CompleteMultipartUpload": "s3:PutObject",
	"AbortMultipartUpload": "s3:AbortMultipartUpload", "CopyObject": "s3:PutObject", "UploadPartCopy": "s3:PutObject",
}
