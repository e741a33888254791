package policy

import (
	"slices"
	"strings"
	"sync"
)

// EscapeLiteral writes s so that a policy of Version 2012-10-17 takes it literally. The characters with a meaning
// there (*, ?, $) become ${*}, ${?} and ${$}.
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

// dataActions are the compiled actions of Access Grants' permission levels (user guide, "Access Grants:
// supported S3 APIs").
type dataActions struct{ read, write, readWrite, list []pattern }

var compiledDataActions = sync.OnceValue(func() (a dataActions) {
	a.read = literalActions("s3:GetObject", "s3:GetObjectVersion",
		"s3:GetObjectAcl", "s3:GetObjectVersionAcl", "s3:ListMultipartUploadParts")
	a.write = literalActions("s3:PutObject", "s3:PutObjectAcl", "s3:PutObjectVersionAcl", "s3:DeleteObject",
		"s3:DeleteObjectVersion", "s3:AbortMultipartUpload")
	a.readWrite = slices.Concat(a.read, a.write)
	a.list = literalActions("s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads")
	return a
})

// literalActions compiles actions that have no wildcards.
func literalActions(names ...string) []pattern {
	list := make([]pattern, len(names))
	for i, n := range names {
		list[i] = pattern{text: n, matcher: newMatcher(template{{text: strings.ToLower(n)}})}
	}
	return list
}

// DataAccess is the session policy of a vended credential. It covers the keys of bucket that begin with prefix or, if
// exact is true, the one key prefix. permission is READ, WRITE or READWRITE; any other permission gives a policy that
// denies everything. READ includes listing below the prefix, unless exact or objectOnly is true. An empty bucket with
// an empty prefix means all buckets (scope s3://*).
//
// A request to list must carry s3:prefix with the prefix or a longer one. A request without s3:prefix, or with a
// shorter one, is denied.
// one, or with a shorter one, is refused.
func DataAccess(bucket, prefix string, exact bool, permission string, objectOnly bool) *Document {
	known := compiledDataActions()
	actions := map[string][]pattern{"READ": known.read, "WRITE": known.write, "READWRITE": known.readWrite}[permission]
	if actions == nil || bucket == "" && (prefix != "" || exact) || exact && prefix == "" {
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
	if permission == "WRITE" || exact || objectOnly {
		return generated(object)
	}
	list, err := allow(known.list, "arn:aws:s3:::"+buckets)
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
	return &Document{kind: Session, version: Version2012, statements: statements}
}

// denyAll is the policy for arguments that make no sense. An empty policy would not do, because it could be taken for
// no policy.
func denyAll() *Document {
	anything := []pattern{{text: everyone, matcher: newMatcher(template{{kind: elemStar}})}}
	return generated(statement{deny: true, actions: anything, resources: anything})
}

// allow makes an Allow statement. It compiles the resource as Parse does.
func allow(actions []pattern, resource string) (statement, error) {
	r, err := newResource(resource, true)
	return statement{actions: actions, resources: []pattern{r}}, err
}
