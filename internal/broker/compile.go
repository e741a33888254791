package broker

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
)

// MaxPolicy is how long a session policy may be, in characters (STS API reference, AssumeRole). All stores have the
// same limit.
const MaxPolicy = 2048

// version is the only version of policies in which ${*} has a meaning. MinIO takes a policy without a version for one
// that denies everything.
const version = "2012-10-17"

// document is a session policy before it is written.
type document []statement

// statement has objects or one bucket as its resource, never both: MinIO compares requests for a bucket with another
// text than requests for objects.
type statement struct {
	deny       bool
	actions    []string
	resource   string
	conditions []condition
}

type condition struct{ operator, key, value string }

// Compile writes the session policy for a fence in a dialect. escapes says that the store was seen to read escapes; it
// changes nothing in a dialect without them. A fence that contains nothing becomes a policy that denies everything. A
// policy that would be too long is shortened by what a client can do without, and refused if that is not enough. It is
// never widened.
func Compile(d Dialect, escapes bool, f Fence) (string, error) {
	t, ok := allTraits[d]
	if !ok || d == R2 {
		return "", fmt.Errorf("the dialect %q has no session policies", d)
	}
	if f.nothing() {
		return t.write(t.denyAll())
	}
	if err := f.check(d, escapes); err != nil {
		return "", err
	}
	text, err := t.write(t.full(&f))
	if fault.Is(err, fault.TooLarge, fault.PackedPolicy) {
		text, err = t.write(t.least(&f))
	}
	return text, err
}

// full is everything that a client of the dialect may want inside the fence.
func (t *traits) full(f *Fence) document {
	var objects []string
	if f.Permission.Covers(access.Read) {
		objects = append(objects, "s3:GetObject", "s3:GetObjectVersion", "s3:ListMultipartUploadParts")
	}
	if f.Permission.Covers(access.Write) {
		objects = append(objects, "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload")
	}
	list := []string{"s3:ListBucket"}
	if t.versions {
		list = append(list, "s3:ListBucketVersions", "s3:ListBucketMultipartUploads")
	}
	doc := t.statements(f, objects, list)
	if t.locates && f.lists() && len(doc) > 0 {
		doc = append(doc, statement{actions: []string{"s3:GetBucketLocation"}, resource: bucketARN(t, f)})
	}
	return doc
}

// least is what the fence's permission cannot do without.
func (t *traits) least(f *Fence) document {
	var objects []string
	if f.Permission.Covers(access.Read) {
		objects = append(objects, "s3:GetObject")
	}
	if f.Permission.Covers(access.Write) {
		objects = append(objects, "s3:PutObject", "s3:DeleteObject")
	}
	return t.statements(f, objects, []string{"s3:ListBucket"})
}

// statements are the statement about objects and, if the fence lists, the one about the bucket.
func (t *traits) statements(f *Fence, objects, list []string) document {
	keys := t.literal(f.Prefix)
	if !f.Exact {
		keys += "*"
	}
	var doc document
	if objects = f.kept(objects); len(objects) > 0 {
		doc = append(doc, statement{actions: objects, resource: bucketARN(t, f) + "/" + keys})
	}
	if list = f.kept(list); !f.lists() || len(list) == 0 {
		return doc
	}
	s := statement{actions: list, resource: bucketARN(t, f)}
	if f.Prefix != "" {
		s.conditions = []condition{{"StringLike", "s3:prefix", keys}}
	}
	return append(doc, s)
}

// denyAll is the policy of a session that may do nothing.
func (t *traits) denyAll() document {
	return document{{deny: true, actions: []string{t.anyAction}, resource: t.anyResource}}
}

func bucketARN(t *traits, f *Fence) string { return "arn:aws:s3:::" + t.literal(f.Bucket) }

// literal writes a name so that the dialect takes it literally. Fence.check refused names that it cannot write.
func (t *traits) literal(s string) string {
	if !t.escapes {
		return s
	}
	return policy.EscapeLiteral(s)
}

// write checks a document against what the dialect knows, and writes it. Its error is about this program if the
// document has a word that the store does not know: the mistake is seen here, and not when somebody uses the session.
func (t *traits) write(doc document) (string, error) {
	if len(doc) == 0 {
		doc = t.denyAll()
	}
	for _, s := range doc {
		if err := t.knows(&s); err != nil {
			return "", err
		}
	}
	text := doc.String()
	length := utf8.RuneCountInString(text)
	if t.remarshals {
		length += 5*strings.Count(text, "&") + 5*strings.Count(text, "<") + 5*strings.Count(text, ">")
	}
	if length > MaxPolicy {
		return "", fault.Refuse(fault.TooLarge, fault.PackedPolicy, fault.PrefixNotFenced,
			"The session policy for this prefix has %d characters, and the store reads %d.", length, MaxPolicy)
	}
	return text, nil
}

// knows refuses a statement that the store's parser does not accept, and one that could mean more than was intended.
func (t *traits) knows(s *statement) error {
	if len(s.actions) == 0 || s.resource == "" {
		return fmt.Errorf("a statement of the session policy has no action or no resource")
	}
	if t.known.keys == nil {
		return nil
	}
	for _, action := range s.actions {
		keys, ok := t.known.keys[action]
		if !ok {
			return fmt.Errorf("the store's policies do not know the action %s", action)
		}
		for _, c := range s.conditions {
			if !slices.Contains(t.known.operators, c.operator) {
				return fmt.Errorf("the store's policies do not know the operator %s", c.operator)
			}
			if !slices.Contains(keys, c.key) {
				return fmt.Errorf("the store's policies do not have the key %s beside %s", c.key, action)
			}
		}
	}
	return nil
}

// CanFence returns why the store's sessions cannot be kept inside a fence, or nil.
func (s *Store) CanFence(escapes bool, f Fence) error {
	if s.Dialect == R2 {
		return f.check(R2, escapes)
	}
	_, err := Compile(s.Dialect, escapes, f)
	return err
}
