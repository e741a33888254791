package fault

// Entity says what failed. There is one list for the whole program, because the table that turns a fault into an AWS
// code has it as a key. An empty Entity is allowed: the kind alone then decides the code.
type Entity string

// Entities of Access Grants.
const (
	Instance        Entity = "access grants instance"
	InstancePolicy  Entity = "access grants instance resource policy"
	Location        Entity = "access grants location"
	Grant           Entity = "access grant"
	Grantee         Entity = "grantee"
	IdentityCenter  Entity = "identity center instance"
	IAMRole         Entity = "location role"
	Tag             Entity = "tag"
	ReservedTag     Entity = "reserved tag"
	Tags            Entity = "tags"
	ServiceTrust    Entity = "role trust of the service"
	SessionDuration Entity = "session duration"
	PackedPolicy    Entity = "packed policy"
	Region          Entity = "region"
	NextToken       Entity = "next token"
	AccountID       Entity = "account id"
)

// Entities of IAM and STS.
const (
	User           Entity = "user"
	Role           Entity = "role"
	AccessKey      Entity = "access key"
	Policy         Entity = "policy"
	PolicyVersion  Entity = "policy version"
	PolicyDocument Entity = "policy document"
	SessionToken   Entity = "session token"
	Account        Entity = "account"
	SourceIdentity Entity = "source identity"
	IdentityToken  Entity = "identity token"
	OIDCProvider   Entity = "openid connect provider"
)

// Entities of the corporate directory.
const (
	IdentityStore  Entity = "identity store"
	DirectoryUser  Entity = "directory user"
	DirectoryGroup Entity = "directory group"
	Membership     Entity = "group membership"
	Provisioning   Entity = "provisioning token"
	Source         Entity = "directory source"
)

// Entities of Identity Center.
const (
	Application          Entity = "application"
	ApplicationProvider  Entity = "application provider"
	ApplicationGrant     Entity = "application grant"
	AuthenticationMethod Entity = "authentication method"
	AccessScope          Entity = "access scope"
	Assignment           Entity = "application assignment"
	TokenIssuer          Entity = "trusted token issuer"
	SignIn               Entity = "sign-in"
	OAuthClient          Entity = "oauth client"
	RedirectURI          Entity = "redirect uri"
)

// Entities of the wire and of signatures.
const (
	Operation     Entity = "operation"
	Member        Entity = "member" // a member of an input: missing, too long, not in its enum
	XML           Entity = "xml"
	JSON          Entity = "json"
	Form          Entity = "form"
	Body          Entity = "body"
	ContentMD5    Entity = "content md5"  // the header itself cannot be read
	Digest        Entity = "digest"       // content does not match Content-MD5
	Checksum      Entity = "checksum"     // content does not match x-amz-checksum-*
	PayloadHash   Entity = "payload hash" // content does not match x-amz-content-sha256
	Signature     Entity = "signature"
	Authorization Entity = "authorization header"
	AuthQuery     Entity = "authorization query parameters"
	MissingAuth   Entity = "authentication"
	RequestTime   Entity = "request time"
	Chunk         Entity = "chunk"
	Header        Entity = "header"
	Host          Entity = "host"
	Method        Entity = "method"
	ContentLength Entity = "content length"
	Request       Entity = "request"
)

// Entities of S3.
const (
	Bucket       Entity = "bucket"
	BucketOwned  Entity = "bucket of the caller" // AlreadyExists: the caller owns it
	BucketName   Entity = "bucket name"
	BucketPolicy Entity = "bucket policy"
	Key          Entity = "key"
	Object       Entity = "object"
	Upload       Entity = "multipart upload"
	Part         Entity = "part"
	PartOrder    Entity = "part order"
	PartSize     Entity = "part size"
	CopySource   Entity = "copy source"
	ObjectSize   Entity = "object size"
	Metadata     Entity = "metadata"
	Argument     Entity = "argument"
	ByteRange    Entity = "byte range"
	Storage      Entity = "storage"  // out of space and the like
	Upstream     Entity = "upstream" // a store behind the gateway. Unavailable: it does not answer
)
