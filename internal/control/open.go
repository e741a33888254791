package control

// operation names an operation as audit records do.
type operation struct{ source, name string }

// openOperations are all operations that succeed without any policy or right, each with its reason. Every other
// operation asks a policy, or states a Right.
var openOperations = map[operation]string{
	// STS API reference, GetCallerIdentity: "No permissions are required".
	{"sts.amazonaws.com", "GetCallerIdentity"}: "it tells callers who they are, which no policy can keep from them",
	// IAM user guide, "Permissions for GetSessionToken". An explicit deny in a policy counts.
	{"sts.amazonaws.com", "GetSessionToken"}: "it gives no right that the caller's own key does not have",
	// IAM Identity Center OIDC API reference, RegisterClient: public clients register unsigned.
	{"sso-oauth.amazonaws.com", "RegisterClient"}: "nothing is stored, and a registration gives no right",
}

// Right is a reason for which a call may succeed although no policy is asked. Its text is the explanation.
type Right string

// These are all rights. Code calls ByRight with one of them where it has established it.
const (
	// RootOfBucket lets the root user of a bucket's account read and change the bucket's policy.
	RootOfBucket Right = "a bucket's policy never locks out its account's root user (S3 user guide, \"Bucket policies\")"
	// Operator lets the root user of the server's first account create accounts, and adopt and list buckets.
	Operator Right = "the root user of the server's first account is the operator's"
	// BucketIntention lets the server finish the creation of a bucket whose request was interrupted.
	BucketIntention Right = "the request that committed the intention was allowed to create the bucket"
	// EveryKeyRefused lets DeleteObjects answer when every key was refused and nothing was deleted.
	EveryKeyRefused Right = "the answer holds nothing but refusals (S3 API reference, DeleteObjects)"
	// ClientSecret lets a registered client ask for a person's approval. This alone gives the client nothing.
	ClientSecret Right = "the client proved its secret; whether it gets anything, a person says (RFC 8628)"
	// SignIn lets a registered client get the tokens of the person who signed in for it.
	SignIn Right = "the client proved its secret, and has a code or token of a person who signed in for it (RFC 6749)"
	// PortalToken lets a person's program get credentials for the person, and end the sign-in.
	PortalToken Right = "the program presented an access token of a person who signed in for it, and the sign-in stands"
	// OpenIDProvider admits a person whom the account's OpenID provider has signed in.
	OpenIDProvider Right = "the account's OpenID provider vouched for the person with a token that holds"
	// ProvisioningToken lets a provisioning client change the directory of the token's account.
	ProvisioningToken Right = "the client presented a bearer token that an administrator of the account made"
	// GrantHeld lets a caller have what a credential would give that GetDataAccess would vend to the caller now.
	GrantHeld Right = "GetDataAccess would vend the caller a credential for it, and that credential may"
	// DirectorySource lets the server synchronise a directory by itself.
	DirectorySource Right = "the operator configured the source for the account"
)
