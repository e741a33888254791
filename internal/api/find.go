package api

import (
	"mime"
	"net/http"
	"strings"

	"latchkey/internal/awsapi/ssooidc"
)

// controlPath is the path that every S3 Control request begins with. No bucket may be called so.
const controlPath = "/v20180820/"

// findEndpoint finds the service that a request is for, or nil for S3's data plane. It looks at S3 Control's path
// first, then at the target of a JSON call, then at a form, whose signature tells IAM from STS, and last at the paths
// of the OAuth service and of the access portal.
func findEndpoint(r *http.Request) *endpoint {
	switch {
	case strings.HasPrefix(r.URL.EscapedPath(), controlPath):
		return s3controlEndpoint
	case strings.HasPrefix(r.Header.Get("X-Amz-Target"), "Latchkey."):
		return latchkeyEndpoint
	case strings.HasPrefix(r.Header.Get("X-Amz-Target"), "SWBExternalService."):
		return ssoEndpoint
	case strings.HasPrefix(r.Header.Get("X-Amz-Target"), "AWSIdentityStore."):
		return identitystoreEndpoint
	case isForm(r):
		return formEndpoint(r)
	case isOAuth(r):
		return oauthEndpoint
	case isPortal(r):
		return portalEndpoint
	}
	return nil
}

// isOAuth reports whether r is a call of Identity Center's OAuth service. Buckets may have the names of its paths. So a
// request counts only if it is signed for that service, or if it is not signed at all and its body is JSON.
func isOAuth(r *http.Request) bool {
	path := r.URL.EscapedPath()
	if r.Method != http.MethodPost || path != "/token" && path != "/client/register" && path != "/device_authorization" {
		return false
	}
	if r.Header.Get("Authorization") != "" {
		return signedService(r) == ssooidc.Service.SigningName
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/json" && (r.URL.RawQuery == "" || r.URL.RawQuery == "aws_iam=t")
}

// isPortal reports whether r is a call of the access portal. Buckets may have the names of its paths. So a request
// counts only if it has the portal's own header, and no signature.
func isPortal(r *http.Request) bool {
	path := r.URL.EscapedPath()
	return (r.Method == http.MethodGet && (path == "/federation/credentials" || path == "/assignment/accounts" ||
		path == "/assignment/roles") ||
		r.Method == http.MethodPost && path == "/logout") &&
		len(r.Header.Values("X-Amz-Sso_bearer_token")) == 1 && r.Header.Get("Authorization") == "" &&
		!strings.Contains(r.URL.RawQuery, "X-Amz-")
}

// isForm reports whether r is a call of a query service: a form posted to the root. S3's only operation on the root is
// ListBuckets, which is a GET.
func isForm(r *http.Request) bool {
	if r.Method != http.MethodPost || r.URL.Path != "/" && r.URL.Path != "" {
		return false
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/x-www-form-urlencoded"
}

// formEndpoint tells IAM from STS by the service that the request was signed for. That service is not verified here:
// the signature is verified for the service that was found. Unsigned forms can only be STS's.
func formEndpoint(r *http.Request) *endpoint {
	if signedService(r) == "iam" {
		return iamEndpoint
	}
	return stsEndpoint
}

// signedService is the service in the credential scope of the Authorization header, unverified.
func signedService(r *http.Request) string {
	_, rest, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	credential, _, _ := strings.Cut(rest, ",")
	parts := strings.Split(strings.TrimSpace(credential), "/")
	if len(parts) < 5 {
		return ""
	}
	return parts[len(parts)-2]
}

// InAccountHost reports whether a request to a host with an account id before the server's name is for S3 Control,
// whose clients put the id there. A bucket may have such a name, too. Its keys below S3 Control's path are read with
// the bucket in the path.
func InAccountHost(r *http.Request) bool {
	return accountLabel(r.Host) != "" && findEndpoint(r) == s3controlEndpoint
}

// accountLabel is the account id that S3 Control's clients put before the endpoint's host, or empty.
func accountLabel(host string) string {
	label, _, _ := strings.Cut(host, ".")
	if len(label) != 12 || strings.Trim(label, "0123456789") != "" {
		return ""
	}
	return label
}
