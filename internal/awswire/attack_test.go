package awswire_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awsapi/s3control"
	"latchkey/internal/awsapi/stsapi"
	"latchkey/internal/awswire"
	"latchkey/internal/fault"
)

const grantNS = ` xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/"`

// grantBody is a valid CreateAccessGrant with extra elements before its end.
func grantBody(extra string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><CreateAccessGrantRequest` + grantNS + `>` +
		`<AccessGrantsLocationId>default</AccessGrantsLocationId>` +
		`<AccessGrantsLocationConfiguration><S3SubPrefix>b/p*</S3SubPrefix></AccessGrantsLocationConfiguration>` +
		`<Grantee><GranteeType>IAM</GranteeType>` +
		`<GranteeIdentifier>arn:aws:iam::123456789012:user/bob</GranteeIdentifier></Grantee>` +
		`<Permission>READ</Permission>` + extra + `</CreateAccessGrantRequest>`
}

func decodeGrant(t *testing.T, body string) (*s3control.CreateAccessGrantRequest, error) {
	t.Helper()
	r := httptest.NewRequest("POST", "/v20180820/accessgrantsinstance/grant", strings.NewReader(body))
	r.Header.Set("x-amz-account-id", "123456789012")
	in, err := awswire.Decode(awswire.Usual, s3control.CreateAccessGrant.Operation, r, nil, []byte(body))
	if err != nil {
		return nil, err
	}
	return in.(*s3control.CreateAccessGrantRequest), nil
}

func TestAttack39_XML(t *testing.T) {
	t.Run("honest body is read", func(t *testing.T) {
		in, err := decodeGrant(t, grantBody("<Tags><Tag><Key>k</Key><Value></Value></Tag></Tags>"))
		if err != nil {
			t.Fatal(err)
		}
		if *in.Permission != "READ" || *in.AccessGrantsLocationConfiguration.S3SubPrefix != "b/p*" ||
			*in.AccountId != "123456789012" ||
			len(in.Tags) != 1 || *in.Tags[0].Value != "" {
			t.Errorf("read %+v", in)
		}
	})
	t.Run("honest body without namespace is read", func(t *testing.T) {
		if _, err := decodeGrant(t, strings.ReplaceAll(grantBody(""), grantNS, "")); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("honest body with a prefixed namespace is read", func(t *testing.T) {
		body := `<a:TagResourceRequest xmlns:a="http://awss3control.amazonaws.com/doc/2018-08-20/">` +
			`<a:Tags><a:Tag><a:Key>k</a:Key><a:Value>v</a:Value></a:Tag></a:Tags></a:TagResourceRequest>`
		r := httptest.NewRequest("POST", "/v20180820/tags/arn:aws:s3:x", nil)
		r.Header.Set("x-amz-account-id", "123456789012")
		labels := awswire.Labels{"resourceArn": "arn:aws:s3:us-east-1:123456789012:access-grants/default"}
		if _, err := awswire.Decode(awswire.Usual, s3control.TagResource.Operation, r, labels, []byte(body)); err != nil {
			t.Fatal(err)
		}
	})
	bodies := map[string]string{
		"document type": strings.Replace(grantBody(""), "?>", `?><!DOCTYPE x [<!ENTITY e "READWRITE">]>`, 1),
		"entity of a document type": strings.NewReplacer(
			"?>", `?><!DOCTYPE x [<!ENTITY e "READ">]>`, ">READ<", ">&e;<").Replace(grantBody("")),
		"unknown entity": strings.Replace(grantBody(""), ">READ<", ">&e;<", 1),
		"external entity": strings.Replace(grantBody(""), "?>",
			`?><!DOCTYPE x SYSTEM "file:///etc/passwd">`, 1),
		"processing instruction": strings.Replace(grantBody(""), "?>", `?><?php x?>`, 1),
		"second declaration":     strings.Replace(grantBody(""), "?>", `?><?xml version="1.0"?>`, 1),
		"comment inside a value": strings.Replace(grantBody(""), ">READ<", "><!-- -->READ<", 1),
		"doubled element":        grantBody("<Permission>READWRITE</Permission>"),
		"doubled structure":      grantBody("<Grantee><GranteeType>IAM</GranteeType></Grantee>"),
		"doubled list":           grantBody("<Tags/><Tags/>"),
		"unknown element":        grantBody("<Surprise>x</Surprise>"),
		"unknown attribute":      strings.Replace(grantBody(""), "<Permission>", `<Permission x="y">`, 1),
		"doubled attribute":      strings.Replace(grantBody(""), grantNS, grantNS+grantNS, 1),
		"element of another namespace": strings.Replace(grantBody(""), "<Permission>",
			`<Permission xmlns="http://evil">`, 1),
		"root of another namespace": strings.Replace(grantBody(""), grantNS, ` xmlns="http://evil"`, 1),
		"unbound prefix":            strings.ReplaceAll(grantBody(""), "Permission>", "x:Permission>"),
		"another root": `<UpdateAccessGrantsLocationRequest><IAMRoleArn>x</IAMRoleArn>` +
			`</UpdateAccessGrantsLocationRequest>`,
		"text beside elements":          grantBody("text"),
		"text in a structure":           strings.Replace(grantBody(""), "<GranteeType>", "x<GranteeType>", 1),
		"element in a value":            strings.Replace(grantBody(""), ">READ<", "><b>READ</b><", 1),
		"wrong list item":               grantBody("<Tags><member><Key>k</Key><Value>v</Value></member></Tags>"),
		"text in a list":                grantBody("<Tags>x</Tags>"),
		"trailing data":                 grantBody("") + "x",
		"trailing element":              grantBody("") + "<x/>",
		"second document":               grantBody("") + grantBody(""),
		"trailing processing":           grantBody("") + "<?x y?>",
		"wrong end":                     strings.Replace(grantBody(""), "</Permission>", "</Grantee>", 1),
		"cut short":                     grantBody("")[:200],
		"no element":                    `<?xml version="1.0"?>`,
		"not XML":                       `{"Permission":"READ"}`,
		"another encoding":              strings.Replace(grantBody(""), "UTF-8", "UTF-16", 1),
		"invalid UTF-8":                 strings.Replace(grantBody(""), "b/p", "b/\xff", 1),
		"control character":             strings.Replace(grantBody(""), "b/p", "b/\x01", 1),
		"control character as a number": strings.Replace(grantBody(""), "b/p", "b/&#1;", 1),
		"deep nesting":                  strings.Repeat("<CreateAccessGrantRequest>", 5000),
		"text before the root":          "x" + grantBody(""),
		"instruction before the root": "<?php x?>" +
			strings.ReplaceAll(grantBody(""), `<?xml version="1.0" encoding="UTF-8"?>`, ""),
		"many attributes": strings.Replace(grantBody(""), grantNS, grantNS+manyAttributes(), 1),
	}
	for name, body := range bodies {
		t.Run(name+" is refused", func(t *testing.T) {
			in, err := decodeGrant(t, body)
			if !fault.Is(err, fault.Malformed, fault.XML) {
				t.Errorf("got %v, %+v; want a malformed body", err, in)
			}
		})
	}
}

func manyAttributes() string {
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, ` xmlns:a%d="x"`, i)
	}
	return b.String()
}

func TestAttack39_XMLOfS3(t *testing.T) {
	decode := func(body string) (*s3.DeleteObjectsRequest, error) {
		r := httptest.NewRequest("POST", "/b?delete", nil)
		in, err := awswire.Decode(awswire.Usual, s3.DeleteObjects.Operation, r, awswire.Labels{"Bucket": "b"}, []byte(body))
		if err != nil {
			return nil, err
		}
		return in.(*s3.DeleteObjectsRequest), nil
	}
	in, err := decode(`<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a &amp; b</Key></Object>` +
		`<Object><Key>c</Key></Object><Quiet>true</Quiet></Delete>`)
	if err != nil || len(in.Delete.Objects) != 2 || *in.Delete.Objects[0].Key != "a & b" || !*in.Delete.Quiet {
		t.Fatalf("honest body: %+v, %v", in, err)
	}
	for name, body := range map[string]string{
		"two keys in one object": `<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>`,
		"doubled flag":           `<Delete><Object><Key>a</Key></Object><Quiet>true</Quiet><Quiet>false</Quiet></Delete>`,
		"wrapped list":           `<Delete><Objects><Object><Key>a</Key></Object></Objects></Delete>`,
		"wrong root":             `<Deletion><Object><Key>a</Key></Object></Deletion>`,
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			if in, err := decode(body); !fault.Is(err, fault.Malformed, fault.XML) {
				t.Errorf("got %v, %+v", err, in)
			}
		})
	}
	t.Run("body without the required list is refused", func(t *testing.T) {
		if in, err := decode(`<Delete></Delete>`); !fault.Is(err, fault.Invalid, fault.Member) {
			t.Errorf("got %v, %+v", err, in)
		}
	})
}

func TestAttack39_Forms(t *testing.T) {
	decode := func(body string) (*stsapi.AssumeRoleRequest, error) {
		r := httptest.NewRequest("POST", "/", nil)
		in, err := awswire.Decode(awswire.Usual, stsapi.AssumeRole.Operation, r, nil, []byte(body))
		if err != nil {
			return nil, err
		}
		return in.(*stsapi.AssumeRoleRequest), nil
	}
	const honest = "Action=AssumeRole&Version=2011-06-15" +
		"&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fx&RoleSessionName=bob"
	in, err := decode(honest + "&Tags.member.2.Key=b&Tags.member.2.Value=&Tags.member.1.Key=a&Tags.member.1.Value=1" +
		"&DurationSeconds=900&PolicyArns=")
	if err != nil || len(in.Tags) != 2 || *in.Tags[0].Key != "a" || *in.Tags[1].Value != "" ||
		*in.DurationSeconds != 900 || len(in.PolicyArns) != 0 {
		t.Fatalf("honest form: %+v, %v", in, err)
	}
	for name, extra := range map[string]string{
		"unknown field":              "&SessionToken=x",
		"doubled field":              "&RoleSessionName=eve",
		"doubled action's parameter": "&Policy=a&Policy=b",
		"gap in a list":              "&Tags.member.1.Key=a&Tags.member.3.Key=b",
		"list from zero":             "&Tags.member.0.Key=a",
		"number with a zero":         "&Tags.member.01.Key=a",
		"huge number":                "&Tags.member.99999999999999999999.Key=a",
		"negative number":            "&Tags.member.-1.Key=a",
		"list without member":        "&Tags.1.Key=a",
		"text and list":              "&Tags=x&Tags.member.1.Key=a",
		"text and structure":         "&Tags.member.1=x&Tags.member.1.Key=a",
		"structure for text":         "&Policy.x=y",
		"deep nesting":               "&Tags.member.1." + strings.Repeat("a.", 60) + "=x",
		"bad percent encoding":       "&Policy=%zz",
		"unknown inside":             "&Tags.member.1.Key=a&Tags.member.1.Colour=b",
		"text beside its parts":      "&Policy=x&Policy.y=z",
		"many fields":                manyFields(),
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			if in, err := decode(honest + extra); !fault.Is(err, fault.Malformed, fault.Form) {
				t.Errorf("got %v, %+v", err, in)
			}
		})
	}
	t.Run("number that is none is refused", func(t *testing.T) {
		for _, text := range []string{"", "x", "1.0", "+900", "%2B900", "9e2", "99999999999", " 900"} {
			if in, err := decode(honest + "&DurationSeconds=" + text); !fault.Is(err, fault.Invalid, fault.Member) {
				t.Errorf("%q: got %v, %+v", text, err, in)
			}
		}
	})
	t.Run("invalid UTF-8 is refused", func(t *testing.T) {
		if in, err := decode(honest + "&ExternalId=ab%ff"); !fault.Is(err, fault.Invalid, fault.Member) {
			t.Errorf("got %v, %+v", err, in)
		}
	})
}

func manyFields() string {
	var b strings.Builder
	for i := range 6000 {
		fmt.Fprintf(&b, "&PolicyArns.member.%d.arn=arn:aws:iam::aws:policy/ReadOnlyAccess", i+1)
	}
	return b.String()
}
