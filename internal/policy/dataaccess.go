package policy

import "strings"

// EscapeLiteral writes s so that a policy of Version 2012-10-17 takes it literally: the characters that are
// special there (*, ?, $) become ${*}, ${?}, ${$}.
func EscapeLiteral(s string) string {
	if !strings.ContainsAny(s, "*?$") {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; c {
		case '*', '?', '$':
			b.WriteString("${")
			b.WriteByte(c)
			b.WriteByte('}')
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// The actions of Access Grants' permission levels (user guide, "Access Grants: supported S3 APIs").
var (
	readObject = []string{
		"s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectAcl", "s3:GetObjectVersionAcl", "s3:ListMultipartUploadParts",
	}
	writeObject = []string{
		"s3:PutObject", "s3:PutObjectAcl", "s3:PutObjectVersionAcl", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload",
	}
	readBucket = []string{"s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"}
)

// DataAccess is the session policy of a vended credential for the keys of bucket that begin with prefix, or,
// if exact, for the one key prefix. permission is READ, WRITE or READWRITE; anything else yields a policy
// that denies everything. Listing comes with READ, limited to the prefix, and not with exact keys nor when
// objectOnly. An empty bucket with an empty prefix means all buckets (scope s3://*).
//
// A bucket-level request must carry s3:prefix for a listing to be allowed below a prefix: listing without
// one, or with a shorter one, is refused.
func DataAccess(bucket, prefix string, exact bool, permission string, objectOnly bool) *Document {
	var actions []string
	read := permission == "READ" || permission == "READWRITE"
	if read {
		actions = append(actions, readObject...)
	}
	if permission == "WRITE" || permission == "READWRITE" {
		actions = append(actions, writeObject...)
	}
	if len(actions) == 0 || bucket == "" && (prefix != "" || exact) || exact && prefix == "" {
		return denyAll()
	}
	buckets, keys := EscapeLiteral(bucket), EscapeLiteral(prefix)
	if bucket == "" {
		buckets = everyone
	}
	if !exact {
		keys += everyone
	}
	object, err := allow(actions, "arn:aws:s3:::"+buckets+"/"+keys)
	if err != nil {
		return denyAll()
	}
	if !read || exact || objectOnly {
		return generated(object)
	}
	list, err := allow(readBucket, "arn:aws:s3:::"+buckets)
	if err != nil {
		return denyAll()
	}
	if prefix != "" {
		c, err := newCondition("StringLike", "s3:prefix")
		if err != nil || c.add(keys, false, true) != nil {
			return denyAll()
		}
		list.conditions = []condition{c}
	}
	return generated(object, list)
}

func generated(statements ...statement) *Document {
	d := &Document{kind: Session, version: Version2012, statements: statements}
	d.size = sizeOf(d.String())
	return d
}

// denyAll is the policy for what cannot be said: an empty policy could be taken for none.
func denyAll() *Document {
	anything := pattern{text: everyone, matcher: newMatcher(template{{kind: elemStar}})}
	return generated(statement{deny: true, actions: []pattern{anything}, resources: []pattern{anything}})
}

// allow compiles one statement as Parse does.
func allow(actions []string, resource string) (s statement, err error) {
	r, err := newResource(resource, true)
	if err != nil {
		return s, err
	}
	s.resources = []pattern{r}
	for _, a := range actions {
		p, err := newAction(a)
		if err != nil {
			return s, err
		}
		s.actions = append(s.actions, p)
	}
	return s, nil
}
