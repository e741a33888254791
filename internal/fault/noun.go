package fault

// Noun says what failed. One list for the whole program, because the table that turns a fault into an
// AWS code is keyed by it. An empty Noun is allowed: the kind alone then decides the code.
type Noun string

// Nouns of Access Grants.
const (
	Instance            Noun = "access grants instance"
	InstancePolicy      Noun = "access grants instance resource policy"
	Location            Noun = "access grants location"
	Grant               Noun = "access grant"
	Grantee             Noun = "grantee"
	IdentityCenter      Noun = "identity center instance"
	IAMRole             Noun = "location role"
	Tag                 Noun = "tag"
	ReservedTag         Noun = "reserved tag"
	Tags                Noun = "tags"
	ServiceTrust        Noun = "role trust of the service"
	SessionDuration     Noun = "session duration"
	PackedPolicy        Noun = "packed policy"
	Region              Noun = "region"
	NextToken           Noun = "next token"
	AccountID           Noun = "account id"
	GrantsListParameter Noun = "list parameter"
)

// Nouns of IAM and STS.
const (
	User            Noun = "user"
	Role            Noun = "role"
	Group           Noun = "group"
	AccessKey       Noun = "access key"
	Policy          Noun = "policy"
	PolicyVersion   Noun = "policy version"
	PolicyDocument  Noun = "policy document"
	SessionToken    Noun = "session token"
	Account         Noun = "account"
	Entity          Noun = "entity"
	InstanceProfile Noun = "instance profile"
	SourceIdentity  Noun = "source identity"
	IdentityToken   Noun = "identity token"
	OIDCProvider    Noun = "openid connect provider"
)

// Nouns of the corporate directory.
const (
	IdentityStore  Noun = "identity store"
	DirectoryUser  Noun = "directory user"
	DirectoryGroup Noun = "directory group"
	Membership     Noun = "group membership"
	Provisioning   Noun = "provisioning token"
	Source         Noun = "directory source"
)

// Nouns of Identity Center.
const (
	Application          Noun = "application"
	ApplicationProvider  Noun = "application provider"
	ApplicationGrant     Noun = "application grant"
	AuthenticationMethod Noun = "authentication method"
	AccessScope          Noun = "access scope"
	Assignment           Noun = "application assignment"
	TokenIssuer          Noun = "trusted token issuer"
	SignIn               Noun = "sign-in"
	OAuthClient          Noun = "oauth client"
	RedirectURI          Noun = "redirect uri"
)

// Nouns of the wire and of signatures.
const (
	Operation     Noun = "operation"
	Member        Noun = "member" // a member of an input: missing, too long, not in its enum
	XML           Noun = "xml"
	JSON          Noun = "json"
	Form          Noun = "form"
	Body          Noun = "body"
	ContentMD5    Noun = "content md5"  // the header itself cannot be read
	Digest        Noun = "digest"       // content does not match Content-MD5
	Checksum      Noun = "checksum"     // content does not match x-amz-checksum-*
	PayloadHash   Noun = "payload hash" // content does not match x-amz-content-sha256
	Signature     Noun = "signature"
	Authorization Noun = "authorization header"
	AuthQuery     Noun = "authorization query parameters"
	MissingAuth   Noun = "authentication"
	RequestTime   Noun = "request time"
	Chunk         Noun = "chunk"
	Header        Noun = "header"
	Host          Noun = "host"
	Method        Noun = "method"
	ContentLength Noun = "content length"
	Request       Noun = "request"
)

// Nouns of S3.
const (
	Bucket       Noun = "bucket"
	BucketOwned  Noun = "bucket of the caller" // AlreadyExists: the caller owns it
	BucketName   Noun = "bucket name"
	BucketPolicy Noun = "bucket policy"
	Key          Noun = "key"
	Object       Noun = "object"
	Upload       Noun = "multipart upload"
	Part         Noun = "part"
	PartOrder    Noun = "part order"
	PartSize     Noun = "part size"
	CopySource   Noun = "copy source"
	ObjectSize   Noun = "object size"
	Metadata     Noun = "metadata"
	Argument     Noun = "argument"
	ByteRange    Noun = "byte range"
	Storage      Noun = "storage" // out of space and the like
)
