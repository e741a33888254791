package policy

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

const bucketARN = "arn:aws:s3:::lake"

// bucketPolicy is a bucket policy of one statement. The texts are JSON values; an empty condition leaves it out.
func bucketPolicy(action, resource, condition string) string {
	if condition != "" {
		condition = `,"Condition":` + condition
	}
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Deny","Principal":"*","Action":%s,"Resource":%s%s}]}`, action, resource, condition)
}

// checkBucket is how S3 would word the refusal of a policy, or empty.
func checkBucket(text string) (sentence, detail string) {
	d, err := Parse(text, Resource)
	if err == nil {
		err = d.CheckBucket(bucketARN)
	}
	if err == nil {
		return "", ""
	}
	sentence, detail, ok := SentenceOfS3(err)
	if !ok {
		return err.Error(), ""
	}
	return sentence, detail
}

// TestWire08_PoliciesThatCannotMatch and the relatives of W08, with the sentences of S3.
func TestWire08_PoliciesThatCannotMatch(t *testing.T) {
	const object, bucket = `"arn:aws:s3:::lake/*"`, `"arn:aws:s3:::lake"`
	both := `[` + bucket + `,` + object + `]`
	prefix := `{"StringEquals":{"s3:prefix":"a/"}}`
	for _, x := range []struct{ action, resource, condition, sentence, detail string }{
		{`"s3:PutObject"`, bucket, "", ActionMismatch, "s3:PutObject"},
		{`"s3:ListBucket"`, object, "", ActionMismatch, "s3:ListBucket"},
		{`["s3:GetObject","s3:ListBucket"]`, object, "", ActionMismatch, "s3:ListBucket"},
		{`"s3:PutObject*"`, bucket, "", ActionMismatch, "s3:PutObject*"},
		{`"s3:ListAllMyBuckets"`, both, "", ActionMismatch, "s3:ListAllMyBuckets"},
		{`"s3:CreateBucket"`, both, "", ActionMismatch, "s3:CreateBucket"},
		{`"s3:GetDataAccess"`, both, "", ActionMismatch, "s3:GetDataAccess"},
		{`"s3:ListObjects"`, both, "", InvalidAction, "s3:ListObjects"},
		{`"s3:Nothing*"`, both, "", InvalidAction, "s3:Nothing*"},
		{`"kms:Decrypt"`, both, "", InvalidAction, "kms:Decrypt"},
		{`"GetObject"`, both, "", InvalidAction, "GetObject"},
		{`"s3:GetObject"`, `"arn:aws:s3:::other/*"`, "", InvalidResource, "arn:aws:s3:::other/*"},
		{`"s3:GetObject"`, `"arn:aws:s3:::lake-2/*"`, "", InvalidResource, "arn:aws:s3:::lake-2/*"},
		{`"s3:GetObject"`, `"*"`, "", InvalidResource, "*"},
		{`"s3:GetObject"`, `"lake/*"`, "", InvalidResource, "lake/*"},
		{`"s3:GetObject"`, object, `{"StringEquals":{"s3:nokey":"x"}}`, InvalidKey, "s3:nokey"},
		{`"s3:GetObject"`, object, `{"StringEquals":{"aws:SorceIp":"x"}}`, InvalidKey, "aws:SorceIp"},
		{`"s3:GetObject"`, object, `{"StringEquals":{"kms:ViaService":"x"}}`, InvalidKey, "kms:ViaService"},
		{`"s3:GetObject"`, object, `{"StringEquals":{"aws:PrincipalType":"${aws:usrname}"}}`, InvalidKey, "aws:usrname"},
		{`"s3:GetObject"`, object, `{"StringLike":{"aws:PrincipalType":"${kms:x}*"}}`, InvalidKey, "kms:x"},
		{`"s3:GetObject"`, `"arn:aws:s3:::lake/${aws:usrname}/*"`, "", InvalidKey, "aws:usrname"},
		{`"s3:GetObject"`, object, `{"StringEquals":{"s3:VersionId":"x"}}`, KeyMismatch, "s3:VersionId"},
		{`"s3:GetObject"`, object, prefix, KeyMismatch, "s3:prefix"},
		{`["s3:ListBucket","s3:GetBucketLocation"]`, bucket, prefix, KeyMismatch, "s3:prefix"},
		{`"s3:ListBucketMultipartUploads"`, bucket, prefix, KeyMismatch, "s3:prefix"},
		{`"s3:PutObject*"`, object, prefix, KeyMismatch, "s3:prefix"},
		{`"s3:*"`, object, prefix, KeyMismatch, "s3:prefix"},
		{`"s3:GetObject"`, object, `{"StringEquals":{"sts:ExternalId":"x"}}`, KeyMismatch, "sts:ExternalId"},
		{`"s3:PutObject"`, object, `{"NumericEquals":{"s3:max-keys":"1"}}`, KeyMismatch, "s3:max-keys"},
	} {
		sentence, detail := checkBucket(bucketPolicy(x.action, x.resource, x.condition))
		if sentence != x.sentence || detail != x.detail {
			t.Errorf("%s on %s if %s: %q (%s), want %q (%s)", x.action, x.resource, x.condition, sentence, detail, x.sentence,
				x.detail)
		}
	}
	t.Run("NotAction and NotResource", func(t *testing.T) {
		const form = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*",%s}]}`
		for text, want := range map[string]string{
			`"NotAction":"s3:GetObject","Resource":` + object:                                  "",
			`"NotAction":"*","Resource":` + object:                                             ActionMismatch,
			`"NotAction":["s3:List*"],"Resource":` + bucket + `,"Condition":` + prefix:         KeyMismatch,
			`"NotAction":["s3:Get*"],"Resource":` + bucket + `,"Condition":` + prefix:          "",
			`"NotAction":"s3:ListObjects","Resource":` + object:                                InvalidAction,
			`"Action":"s3:GetObject","NotResource":` + object:                                  "",
			`"Action":"s3:GetObject","NotResource":"arn:aws:s3:::other/*"`:                     InvalidResource,
			`"Action":"s3:ListBucket","NotResource":"arn:aws:s3:::lake/${s3:nokey}"`:           InvalidKey,
			`"Action":"s3:GetObject","Resource":` + object + `,"NotResource":"arn:aws:s3:::x"`: "",
		} {
			got, _ := checkBucket(fmt.Sprintf(form, text))
			if got != want && !strings.Contains(got, "exclude each other") {
				t.Errorf("%s: %q, want %q", text, got, want)
			}
		}
	})
	t.Run("an invalid principal", func(t *testing.T) {
		text := strings.Replace(bucketPolicy(`"s3:GetObject"`, object, ""), `"*"`, `{"AWS":"arn:aws:iam::1:user/x"}`, 1)
		if sentence, detail := checkBucket(text); sentence != InvalidPrincipal || detail != "arn:aws:iam::1:user/x" {
			t.Errorf("%q (%s)", sentence, detail)
		}
	})
}

// TestPoliciesThatPeopleHaveAreAccepted: what AWS's documentation shows is stored unedited.
func TestPoliciesThatPeopleHaveAreAccepted(t *testing.T) {
	const object, bucket = `"arn:aws:s3:::lake/*"`, `"arn:aws:s3:::lake"`
	both := `[` + bucket + `,` + object + `]`
	for _, x := range [][3]string{
		{`"s3:*"`, both, `{"Bool":{"aws:SecureTransport":"false"}}`},
		{`"*"`, both, `{"StringNotEquals":{"s3:DataAccessPointAccount":"111122223333"}}`},
		{`"s3:GetObject"`, both, ""},
		{`["s3:GetObject","s3:ListBucket"]`, both, `{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}`},
		{`"S3:getobject"`, object, `{"IpAddress":{"AWS:SourceIP":"10.0.0.0/8"}}`},
		{`"s3:PutObject"`, object, `{"StringNotEquals":{"s3:x-amz-server-side-encryption":"aws:kms"},
			"Null":{"s3:x-amz-server-side-encryption":"false"}}`},
		{`"s3:PutObject"`, object, `{"Null":{"s3:if-none-match":"true"},"Bool":{"s3:ObjectCreationOperation":"true"}}`},
		{`["s3:PutObject","s3:PutObjectAcl"]`, object, `{"StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control"}}`},
		{`"s3:*"`, object, `{"StringEquals":{"s3:x-amz-acl":"public-read"}}`},
		{`["s3:Get*","s3:List*"]`, both, `{"StringLike":{"s3:prefix":"a/*"}}`},
		{`["s3:Get*","s3:ListBucket"]`, both, `{"StringLike":{"s3:prefix":"a/*"}}`},
		{`["s3:ListBucket","s3:ListBucketVersions"]`, bucket, `{"StringLike":{"s3:prefix":["","${aws:username}/*"]}}`},
		{`"s3:GetObject"`, `"arn:aws:s3:::lake/${aws:PrincipalTag/team}/*"`, ""},
		{`["s3:GetObject","s3:GetObjectVersion"]`, object, `{"StringEquals":{"s3:ExistingObjectTag/class":"public"}}`},
		{`"s3:GetObject"`, object, `{"NumericLessThan":{"s3:TlsVersion":"1.2"}}`},
		{`"s3:GetObject"`, object, `{"StringEquals":{"www.amazon.com:user_id":"x"}}`},
		{`"s3:GetObject"`, object, `{"StringEquals":{"identitystore:UserId":"x"}}`},
		{`"s3:GetObject"`, object, `{"StringEquals":{"aws:PrincipalType":"${saml:sub}"}}`},
		{`["s3:PutInventoryConfiguration","s3:ReplicateObject","s3:GetBucketAcl"]`, both, ""},
		{`"s3:GetObject"`, `"arn:aws:s3:::lake*"`, ""},
		{`"s3:ListBucket"`, `"arn:aws:s3:::lake*"`, ""},
		{`["s3:DeleteObjectVersion","s3:PutBucketVersioning"]`, both, `{"Bool":{"aws:MultiFactorAuthPresent":"false"}}`},
	} {
		if got, detail := checkBucket(bucketPolicy(x[0], x[1], x[2])); got != "" {
			t.Errorf("%s on %s if %s: %s (%s)", x[0], x[1], x[2], got, detail)
		}
	}
}

func TestPoliciesOfAnAccessGrantsInstance(t *testing.T) {
	const arn = "arn:aws:s3:us-east-1:111122223333:access-grants/default"
	scope := `{"StringEquals":{"s3:AccessGrantScope":"s3://lake/*"}}`
	for _, x := range []struct{ action, under, condition, want string }{
		{`"s3:GetDataAccess"`, "", "", ""},
		{`"s3:*"`, "*", scope, ""},
		{`"s3:GetAccessGrant"`, "/grant/*", "", ""},
		{`"s3:GetAccessGrantsLocation"`, "/*", "", ""},
		{`"s3:GetDataAccess"`, "/*", "", ActionMismatch},
		{`"s3:GetAccessGrant"`, "/location/*", "", ActionMismatch},
		{`"s3:GetDataAccess"`, "x", "", InvalidResource},
		{`"s3:GetDataAccess"`, "", scope, KeyMismatch},
		{`"s3:GetDataAccess"`, "", `{"StringEquals":{"aws:SorceAccount":"1"}}`, InvalidKey},
	} {
		text, want := bucketPolicy(x.action, `"`+arn+x.under+`"`, x.condition), x.want
		err := parse(t, Resource, text).CheckAccessGrants(arn)
		e, _ := errors.AsType[*Invalid](err)
		if (want == "") != (err == nil) ||
			err != nil && (e.Sentence != want || !strings.Contains(err.Error(), "statement 1")) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// TestALargePolicyIsChecked takes long if each condition looks at every match of every action.
func TestALargePolicyIsChecked(t *testing.T) {
	actions := strings.TrimSuffix(strings.Repeat(`"s3:*",`, 1500), ",")
	var conditions []string
	for i := range 400 {
		conditions = append(conditions, fmt.Sprintf(`"aws:RequestTag/%d":"x"`, i))
	}
	text := bucketPolicy(`[`+actions+`]`, `"arn:aws:s3:::lake/*"`, `{"StringEquals":{`+strings.Join(conditions, ",")+`}}`)
	if got, detail := checkBucket(text); got != "" {
		t.Errorf("%s (%s)", got, detail)
	}
}
