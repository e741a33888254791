package broker

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Dialect is the way in which a store reads session policies. The zero Dialect is invalid.
type Dialect string

// The dialects.
const (
	AWS       Dialect = "aws"
	RGW       Dialect = "rgw"       // Ceph's RADOS Gateway
	MinIO     Dialect = "minio"     //
	SeaweedFS Dialect = "seaweedfs" //
	RustFS    Dialect = "rustfs"    //
	R2        Dialect = "r2"        // Cloudflare R2: no STS; sessions are signed here with the server's key
	Latchkey  Dialect = "latchkey"  // another Latchkey
	Wasabi    Dialect = "wasabi"    //
	B2        Dialect = "b2"        // Backblaze
)

// traits are what the compiler and the caller of AssumeRole must know about a dialect.
type traits struct {
	// escapes says that the store reads ${*}, ${?} and ${$} as the plain character. In a store without escapes nothing
	// can be fenced whose name has one of them.
	escapes bool
	// remarshals says that the store measures the policy after it has written it anew as Go's encoding/json does, with
	// <, > and & as six characters.
	remarshals bool
	// noRole says that the store ignores RoleArn, so that an upstream needs none.
	noRole bool
	// locates says that clients of the store ask for the bucket's location before anything else.
	locates bool
	// versions says that the dialect knows the actions for versions and for lists of uploads, with s3:prefix beside them.
	versions bool
	// everything is how the dialect writes any action and any resource.
	anyAction, anyResource string
	min, max               time.Duration // of sessions
	known                  vocabulary    // what the store's parser accepts; nil: AWS's whole grammar
}

// vocabulary has the condition keys that may stand beside each action. A store with a vocabulary refuses everything
// else, some of them only when the session is used.
type vocabulary struct {
	operators []string
	keys      map[string][]string // by action
}

const hour = time.Hour

// minioWords is what MinIO's parser knows of what the compiler could write (minio/pkg, policy/action.go). A condition
// key beside an action that does not have it is refused, and so are operators that it does not know, such as ArnEquals.
var minioWords = vocabulary{
	operators: []string{"StringEquals", "StringLike"},
	keys: map[string][]string{
		"s3:*": nil, "s3:GetObject": nil, "s3:GetObjectVersion": nil, "s3:ListMultipartUploadParts": nil,
		"s3:PutObject": nil, "s3:DeleteObject": nil, "s3:DeleteObjectVersion": nil, "s3:AbortMultipartUpload": nil,
		"s3:GetBucketLocation": nil, "s3:ListBucket": {"s3:prefix", "s3:delimiter", "s3:max-keys"},
	},
}

var allTraits = map[Dialect]traits{
	AWS: {escapes: true, versions: true, anyAction: "*", anyResource: "*", min: hour / 4, max: 12 * hour},
	// Ceph documents no escapes. The probe finds out whether a gateway has them.
	RGW: {escapes: true, locates: true, anyAction: "s3:*", anyResource: "arn:aws:s3:::*", min: hour / 4, max: 12 * hour},
	MinIO: {remarshals: true, noRole: true, locates: true, anyAction: "s3:*", anyResource: "arn:aws:s3:::*",
		min: hour / 4, max: 365 * 24 * hour, known: minioWords},
	SeaweedFS: {locates: true, anyAction: "s3:*", anyResource: "arn:aws:s3:::*", min: hour / 4, max: 12 * hour,
		known: minioWords},
	RustFS: {remarshals: true, noRole: true, locates: true, anyAction: "s3:*", anyResource: "arn:aws:s3:::*",
		min: hour / 4, max: 12 * hour, known: minioWords},
	R2:       {noRole: true, min: time.Minute, max: 7 * 24 * hour},
	Wasabi:   {escapes: true, anyAction: "*", anyResource: "*", min: hour / 4, max: 12 * hour},
	B2:       {escapes: true, anyAction: "*", anyResource: "*", min: hour / 4, max: 12 * hour},
	Latchkey: {escapes: true, versions: true, anyAction: "*", anyResource: "*", min: hour / 4, max: 12 * hour},
}

// ParseDialect reads the name of a dialect.
func ParseDialect(s string) (Dialect, error) {
	if _, ok := allTraits[Dialect(s)]; !ok {
		return "", fmt.Errorf("the dialect must be one of %s", strings.Join(Dialects(), ", "))
	}
	return Dialect(s), nil
}

// Dialects lists the names of all dialects in their order.
func Dialects() []string {
	var all []string
	for d := range allTraits {
		all = append(all, string(d))
	}
	slices.Sort(all)
	return all
}

// Escapes reports whether the dialect can write names with *, ? and $. Whether a store really reads the escapes, only
// its probe tells.
func (d Dialect) Escapes() bool { return allTraits[d].escapes }

// NeedsRole reports whether the dialect's AssumeRole needs the ARN of a role.
func (d Dialect) NeedsRole() bool { return !allTraits[d].noRole }

// Durations are the shortest and the longest session that stores of the dialect give by default.
func (d Dialect) Durations() (shortest, longest time.Duration) {
	return allTraits[d].min, allTraits[d].max
}
