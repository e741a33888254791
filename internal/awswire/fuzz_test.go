package awswire_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awsapi/s3control"
	"latchkey/internal/awsapi/stsapi"
	"latchkey/internal/awswire"
	"latchkey/internal/fault"
)

// clientsFault checks that a refusal is a fault of the client, never of the server.
func clientsFault(t *testing.T, err error) {
	t.Helper()
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Malformed, fault.Unsupported:
	default:
		t.Errorf("refused with %v", err)
	}
}

// FuzzXML: a body that is read is well-formed to encoding/xml, too, with its root and nothing after it.
func FuzzXML(f *testing.F) {
	f.Add(grantBody(""))
	f.Add(grantBody("<Tags><Tag><Key>k</Key><Value></Value></Tag></Tags>"))
	f.Add(`<a:CreateAccessGrantRequest xmlns:a="http://awss3control.amazonaws.com/doc/2018-08-20/">` +
		`<a:Permission>READ</a:Permission></a:CreateAccessGrantRequest>`)
	f.Add(`<?xml version="1.0"?><!DOCTYPE x><CreateAccessGrantRequest/>`)
	f.Add(`<CreateAccessGrantRequest><Permission><![CDATA[READ]]></Permission></CreateAccessGrantRequest>`)
	f.Add(`<CreateAccessGrantRequest></CreateAccessGrantRequest><x>`)
	f.Fuzz(func(t *testing.T, body string) {
		in, err := decodeGrant(t, body)
		if err != nil {
			clientsFault(t, err)
			return
		}
		d := xml.NewDecoder(strings.NewReader(body))
		roots, depth, permissions := 0, 0, 0
		for {
			tok, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("read %+v from what is no XML: %v", in, err)
			}
			switch tok := tok.(type) {
			case xml.StartElement:
				if depth++; depth == 1 {
					roots++
				}
				if tok.Name.Local == "Permission" {
					permissions++
				}
			case xml.EndElement:
				depth--
			case xml.Directive, xml.Comment:
				t.Fatalf("read past a %T", tok)
			}
		}
		if roots != 1 || permissions != 1 {
			t.Fatalf("%d roots, %d permissions in what was read", roots, permissions)
		}
	})
}

// FuzzForm: a form that is read has every field once, and every string is UTF-8.
func FuzzForm(f *testing.F) {
	const honest = "Action=AssumeRole&Version=2011-06-15" +
		"&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fx&RoleSessionName=bob"
	f.Add(honest)
	f.Add(honest + "&Tags.member.1.Key=a&Tags.member.1.Value=b&Tags.member.2.Key=c&Tags.member.2.Value=")
	f.Add(honest + "&PolicyArns=&DurationSeconds=900")
	f.Add(honest + "&Tags.member.99999999999=x&Tags.member.1.Key.a.b=c")
	f.Fuzz(func(t *testing.T, form string) {
		r := httptest.NewRequest("POST", "/", nil)
		in, err := awswire.Decode(awswire.Usual, stsapi.AssumeRole.Operation, r, nil, []byte(form))
		if err != nil {
			clientsFault(t, err)
			return
		}
		fields, err := awswire.ParseQuery(form)
		if err != nil {
			t.Fatal(err)
		}
		got := in.(*stsapi.AssumeRoleRequest)
		for name, list := range fields {
			if len(list) != 1 && name != "Action" && name != "Version" {
				t.Errorf("read %s twice", name)
			}
		}
		if fields.Get("RoleArn") != *got.RoleArn || !utf8.ValidString(*got.RoleSessionName) || len(got.Tags) > 50 {
			t.Errorf("read %+v from %q", got, form)
		}
	})
}

type fuzzed struct {
	Name  *string           `aws:"name,required,max=20"`
	Count *int32            `aws:"count,min=0"`
	Ratio *float64          `aws:"ratio"`
	When  []fuzzedPart      `aws:"when"`
	Tags  map[string]string `aws:"tags"`
	Data  []byte            `aws:"data"`
	Free  any               `aws:"free,document"`
}

type fuzzedPart struct {
	Done *bool   `aws:"done"`
	Deep *fuzzed `aws:"deep"`
}

// FuzzJSON: a body that is read has the values that encoding/json reads, and no repeated key.
func FuzzJSON(f *testing.F) {
	op := awswire.NewOp[fuzzed, fuzzed](awswire.Operation{Name: "Fuzz"})
	awswire.NewService(&awswire.Service{Protocol: awswire.JSON, TargetPrefix: "Fuzz"}, op.Operation)
	f.Add(`{"name":"x","count":3,"ratio":"NaN","when":[{"done":true,"deep":{"name":"y"}}],` +
		`"tags":{"a":"b"},"data":"AAAA","free":[1,{"a":null}]}`)
	f.Add(`{"name":"x","name":"y"}`)
	f.Add(`{"name":"x"} {}`)
	f.Add(strings.Repeat(`{"when":[{"deep":`, 100))
	f.Add(`{"name":"\ud800","free":` + strings.Repeat("[", 100))
	f.Fuzz(func(t *testing.T, body string) {
		in, err := awswire.Decode(awswire.Usual, op.Operation, httptest.NewRequest("POST", "/", nil), nil, []byte(body))
		if err != nil {
			clientsFault(t, err)
			return
		}
		var want struct{ Name *string }
		if err := json.Unmarshal([]byte(body), &struct{ Name **string }{&want.Name}); err != nil {
			t.Fatalf("read what is no JSON: %v", err)
		}
		if got := in.(*fuzzed); want.Name == nil || *got.Name != *want.Name {
			t.Errorf("read %q from %s", *got.Name, body)
		}
		w := httptest.NewRecorder()
		if err := awswire.Encode(w, op.Operation, in, ids); err != nil {
			t.Fatal(err)
		}
		again, err := awswire.Decode(awswire.Usual, op.Operation, httptest.NewRequest("POST", "/", nil), nil, w.Body.Bytes())
		if err != nil {
			t.Fatalf("%v: %s became %s", err, body, w.Body)
		}
		if got, want := awswire.Parameters(op.Operation, again), awswire.Parameters(op.Operation, in); !equalJSON(got, want) {
			t.Errorf("%v became %v through %s", want, got, w.Body)
		}
	})
}

// equalJSON compares how two values print. NaN is not JSON and counts as equal.
func equalJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX != nil && errY != nil || bytes.Equal(x, y)
}

// FuzzRoute: a key in a path is read as the same bytes. A request that matches and decodes has no parameter that the
// operation does not know.
func FuzzRoute(f *testing.F) {
	f.Add("GET", "/b/a//../%2F%252F", "versionId=x", "k/\x00%")
	f.Add("PUT", "/b/k", "partNumber=1&uploadId=u", "a b+c")
	f.Add("GET", "/b", "list-type=2&prefix=a;b", "../x")
	f.Add("DELETE", "/v20180820/tags/arn:aws:s3:::x", "tagKeys=a&tagKeys=b", "//")
	f.Fuzz(func(t *testing.T, method, path, query, key string) {
		values, err := awswire.ParseQuery(query)
		if err != nil {
			return
		}
		for _, s := range []*awswire.Service{s3.Service, s3control.Service} {
			op, labels, err := s.MatchPath(method, path, values, http.Header{})
			if err != nil {
				clientsFault(t, err)
				continue
			}
			if op.Method != method {
				t.Errorf("%s matched %s", method, op.Name)
			}
			r := &http.Request{
				Method: method,
				URL:    &url.URL{RawQuery: query},
				Header: http.Header{"X-Amz-Account-Id": {"123456789012"}},
			}
			_, err = awswire.Decode(awswire.Usual, op, r, labels, nil)
			if err == nil && len(awswire.UnknownParameters(op, values)) > 0 {
				t.Errorf("%s read unknown parameters of %s", op.Name, query)
			}
		}
		if key == "" {
			return
		}
		var escaped strings.Builder
		for i := range len(key) {
			escaped.WriteString("%" +
				strings.ToUpper(string("0123456789abcdef"[key[i]>>4])+string("0123456789abcdef"[key[i]&15])))
		}
		_, labels, err := s3.Service.MatchPath("GET", "/b/"+escaped.String(), nil, nil)
		if err != nil || !reflect.DeepEqual(labels, awswire.Labels{"Bucket": "b", "Key": key}) {
			t.Errorf("key %q came out as %q, %v", key, labels, err)
		}
	})
}
