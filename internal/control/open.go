package control

// operation names an operation as audit records do.
type operation struct{ source, name string }

// openOperations are all operations that succeed without any policy or right, each with its reason. What is not here
// asks, or names a Right.
var openOperations = map[operation]string{
	// STS API reference, GetCallerIdentity: "No permissions are required".
	{"sts.amazonaws.com", "GetCallerIdentity"}: "it tells callers who they are, which no policy can keep from them",
	// IAM user guide, "Permissions for GetSessionToken". A policy that denies it in so many words is heeded.
	{"sts.amazonaws.com", "GetSessionToken"}: "it gives no right that the caller's own key does not have",
	// IAM Identity Center OIDC API reference, RegisterClient: public clients register unsigned.
	{"sso-oauth.amazonaws.com", "RegisterClient"}: "nothing is stored, and a registration gives no right",
}

// Right is by what a call may succeed for which no policy is asked. Its text is the reason.
type Right string

// All rights. Code says one (ByRight) where it has established it.
const (
	// RootOfBucket lets the root user of a bucket's account read and change the bucket's policy.
	RootOfBucket Right = "a bucket's policy never locks out its account's root user (S3 user guide, \"Bucket policies\")"
	// Operator lets the root user of the server's first account create accounts, and adopt and list buckets.
	Operator Right = "the root user of the server's first account is the operator's"
	// BucketIntention lets the server end a creation of a bucket whose request stopped half-way.
	BucketIntention Right = "the request that committed the intention was allowed to create the bucket"
	// EveryKeyRefused lets DeleteObjects answer, when each of its keys was refused by itself and nothing was deleted.
	EveryKeyRefused Right = "the answer holds nothing but refusals (S3 API reference, DeleteObjects)"
	// ClientSecret lets a registered client ask for a person's approval, which gives it nothing yet.
	ClientSecret Right = "the client proved its secret; whether it gets anything, a person says (RFC 8628)"
	// SignIn lets a registered client have the tokens of the person who signed in for it.
	SignIn Right = "the client proved its secret, and has a code or token of a person who signed in for it (RFC 6749)"
	// OpenIDProvider lets a person in whom the account's OpenID provider signed in.
	OpenIDProvider Right = "the account's OpenID provider vouched for the person with a token that holds"
	// ProvisioningToken lets a provisioning client change the directory of the token's account.
	ProvisioningToken Right = "the client presented a bearer token that an administrator of the account made"
	// DirectorySource lets the server bring a directory up to date by itself.
	DirectorySource Right = "the operator configured the source for the account"
)
