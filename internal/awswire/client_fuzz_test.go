package awswire_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awsapi/ssoadmin"
	"latchkey/internal/awsapi/stsapi"
	"latchkey/internal/awswire"
)

// serversFault checks that the error of a refused answer is of one of the two kinds that callers distinguish.
func serversFault(t *testing.T, err error) {
	t.Helper()
	_, refused := errors.AsType[*awswire.APIError](err)
	_, unreadable := errors.AsType[*awswire.AnswerError](err)
	if !refused && !unreadable {
		t.Errorf("failed with %v", err)
	}
}

// FuzzAnswerXML: an answer that is read is well-formed to encoding/xml, too, with its root and nothing after it. The
// output has no key that is not in the text.
func FuzzAnswerXML(f *testing.F) {
	f.Add(`<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>lake</Name>` +
		`<Contents><Key>a&amp;b</Key><Size>3</Size></Contents></ListBucketResult>`)
	f.Add(`<?xml version="1.0"?><ListBucketResult><!-- c --><New a="b"><x/></New>` +
		`<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes></ListBucketResult>`)
	f.Add(`<Error><Code>NoSuchBucket</Code></Error>`)
	f.Add(`<!DOCTYPE a><ListBucketResult/>`)
	f.Add(`<ListBucketResult><Contents><Key>a</Key><Key>b</Key></Contents></ListBucketResult><x/>`)
	f.Fuzz(func(t *testing.T, text string) {
		out, err := awswire.DecodeResponse(s3.ListObjectsV2.Operation, answer(200, text), 0)
		if err != nil {
			serversFault(t, err)
			return
		}
		d := xml.NewDecoder(strings.NewReader(strings.TrimSpace(text)))
		d.Strict = true
		roots, depth, keys := 0, 0, 0
		for {
			tok, err := d.RawToken() // Token would look up prefixes, which a client overlooks
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("read %+v from what is no XML: %v", out, err)
			}
			switch tok := tok.(type) {
			case xml.StartElement:
				if depth++; depth == 1 {
					roots++
				}
				if tok.Name.Local == "Key" {
					keys++
				}
			case xml.EndElement:
				depth--
			case xml.Directive:
				t.Fatal("read past a document type")
			}
		}
		got := 0
		for _, c := range out.(*s3.ListObjectsV2Output).Contents {
			if c.Key != nil {
				got++
			}
		}
		if roots != 1 || got > keys {
			t.Fatalf("%d roots, %d keys read of %d", roots, got, keys)
		}
	})
}

// FuzzAnswerQuery: an answer of STS has credentials only if they are inside the result.
func FuzzAnswerQuery(f *testing.F) {
	f.Add(`<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>A</AccessKeyId></Credentials>` +
		`</AssumeRoleResult><ResponseMetadata/></AssumeRoleResponse>`)
	f.Add(`<AssumeRoleResponse><Credentials><AccessKeyId>A</AccessKeyId></Credentials></AssumeRoleResponse>`)
	f.Add(`<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>`)
	f.Fuzz(func(t *testing.T, text string) {
		out, err := awswire.DecodeResponse(stsapi.AssumeRole.Operation, answer(200, text), 0)
		if err != nil {
			serversFault(t, err)
			return
		}
		if got := out.(*stsapi.AssumeRoleResponse); got.Credentials != nil && !strings.Contains(text, "AssumeRoleResult") {
			t.Errorf("credentials from %s", text)
		}
	})
}

// FuzzAnswerJSON: what is read is what encoding/json reads.
func FuzzAnswerJSON(f *testing.F) {
	f.Add(`{"Instances":[{"InstanceArn":"a","CreatedDate":1.5,"New":{"x":[null]}}],"NextToken":"n"}`)
	f.Add(`{"NextToken":"a","NextToken":"b"}`)
	f.Add(`{"Instances":` + strings.Repeat(`[`, 100))
	f.Add(`{"x":"\ud800"}`)
	f.Fuzz(func(t *testing.T, text string) {
		out, err := awswire.DecodeResponse(ssoadmin.ListInstances.Operation, answer(200, text), 0)
		if err != nil {
			serversFault(t, err)
			return
		}
		if strings.TrimSpace(text) == "" {
			return
		}
		var want map[string]any
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatalf("read what is no JSON: %v", err)
		}
		token, _ := want["NextToken"].(string)
		if got := out.(*ssoadmin.ListInstancesResponse).NextToken; got != nil && *got != token {
			t.Errorf("read %q from %s", *got, text)
		}
	})
}

// FuzzAnswerError: an error has only a code that is in the answer, and at most the number of texts that are kept.
func FuzzAnswerError(f *testing.F) {
	f.Add(404, `<Error><Code>NoSuchKey</Code><Message>m</Message><Key>k</Key></Error>`, "")
	f.Add(400, `<ErrorResponse><Error><Type>Sender</Type><Code>C</Code></Error><RequestId>r</RequestId></ErrorResponse>`,
		"")
	f.Add(500, `{"__type":"ns#Code:uri","message":"m","a":{"b":[1]}}`, "")
	f.Add(400, `{"error":"invalid_grant","error_description":"d"}`, "InvalidGrantException:")
	f.Fuzz(func(t *testing.T, status int, text, header string) {
		for _, op := range []*awswire.Operation{s3.GetObject.Operation, stsapi.AssumeRole.Operation,
			ssoadmin.ListInstances.Operation} {
			r := answer(300+int(uint(status)%300), text)
			r.Header.Set("X-Amzn-Errortype", header)
			_, err := awswire.DecodeResponse(op, r, 0)
			e, ok := errors.AsType[*awswire.APIError](err)
			if !ok || e.Status != r.StatusCode || len(e.Fields) > 64 {
				t.Fatalf("%+v", err)
			}
			if utf8.ValidString(text) && !strings.ContainsAny(text, `&\`+"\r") && !strings.Contains(text+header, e.Code) &&
				!strings.Contains(text, "CDATA") && !strings.Contains(text, "<!--") {
				t.Errorf("the code %q is not in %q", e.Code, text)
			}
		}
	})
}
