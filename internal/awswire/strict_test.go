package awswire_test

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awsapi/s3control"
	"latchkey/internal/awswire"
	"latchkey/internal/fault"
)

// odd has what the served operations do not have: recursion, floats, blobs, and maps with a bound.
type odd struct {
	Name  *string           `aws:"Name"`
	Ratio *float64          `aws:"Ratio"`
	Done  *bool             `aws:"Done"`
	When  *int32            `aws:"When"`
	Data  []byte            `aws:"Data"`
	Map   map[string]string `aws:"Map,max=2" key:",max=3"`
	List  []string          `aws:"List,max=2"`
	Next  *odd              `aws:"Next"`
	Free  any               `aws:"Free,document"`
}

// decodeOdd decodes a body of that shape in any protocol.
func decodeOdd(p awswire.Protocol, body string) (*odd, error) {
	op := awswire.NewOp[odd, odd](awswire.Operation{Name: "Odd", Method: "POST", URI: "/", InRoot: "Odd"})
	awswire.NewService(&awswire.Service{Protocol: p}, op.Operation)
	in, err := awswire.Decode(awswire.Usual, op.Operation, httptest.NewRequest("POST", "/", nil), nil, []byte(body))
	if err != nil {
		return nil, err
	}
	return in.(*odd), nil
}

func TestDepth(t *testing.T) {
	deep := map[awswire.Protocol]func(n int) string{
		awswire.RestXML: func(n int) string {
			return "<Odd>" + strings.Repeat("<Next>", n) + strings.Repeat("</Next>", n) + "</Odd>"
		},
		awswire.Query:    func(n int) string { return strings.Repeat("Next.", n) + "Name=x" },
		awswire.JSON:     func(n int) string { return strings.Repeat(`{"Next":`, n) + "{}" + strings.Repeat("}", n) },
		awswire.RestJSON: func(n int) string { return `{"Free":` + strings.Repeat(`[`, n) + strings.Repeat("]", n) + "}" },
	}
	for p, body := range deep {
		t.Run(p.String()+" of thirty levels is read", func(t *testing.T) {
			if _, err := decodeOdd(p, body(30)); err != nil {
				t.Error(err)
			}
		})
		t.Run(p.String()+" of fifty levels is refused", func(t *testing.T) {
			if in, err := decodeOdd(p, body(50)); fault.KindOf(err) != fault.Malformed {
				t.Errorf("got %+v, %v", in, err)
			}
		})
	}
}

func TestAttack39_JSON(t *testing.T) {
	const honest = `{"Name":"x","Ratio":1.5,"Done":true,"When":3,"Data":"AAAA","Map":{"a":"b"},"List":["a","b"],` +
		`"Next":{"Name":"y"},"Free":{"a":[1,null]}}`
	if in, err := decodeOdd(awswire.JSON, honest); err != nil || *in.Name != "x" || *in.Next.Name != "y" ||
		in.Map["a"] != "b" || len(in.List) != 2 {
		t.Fatalf("honest body: %+v, %v", in, err)
	}
	for name, body := range map[string]string{
		"unknown member":           `{"Surprise":1}`,
		"member in another case":   `{"name":"x"}`,
		"doubled member":           `{"Name":"x","Name":"y"}`,
		"doubled inner member":     `{"Next":{"Name":"x","Name":"y"}}`,
		"doubled key of a map":     `{"Map":{"a":"b","a":"c"}}`,
		"doubled key of a free":    `{"Free":{"a":1,"a":2}}`,
		"trailing value":           honest + "{}",
		"trailing text":            honest + "x",
		"list for an object":       `[]`,
		"text for an object":       `"x"`,
		"number for text":          `{"Name":1}`,
		"text for a number":        `{"When":"3"}`,
		"text for a float":         `{"Ratio":"1.5"}`,
		"text for a boolean":       `{"Done":"true"}`,
		"boolean for text":         `{"Name":true}`,
		"object for a list":        `{"List":{}}`,
		"null in a list":           `{"List":["a",null]}`,
		"invalid UTF-8":            "{\"Name\":\"\xff\"}",
		"cut short":                honest[:40],
		"no closing brace":         honest[:len(honest)-1],
		"comment":                  `{"Name":"x"/**/}`,
		"unquoted key":             `{Name:"x"}`,
		"control character in key": "{\"Na\nme\":\"x\"}",
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			if in, err := decodeOdd(awswire.JSON, body); !fault.Is(err, fault.Malformed, fault.JSON) {
				t.Errorf("got %+v, %v", in, err)
			}
		})
	}
	for name, body := range map[string]string{
		"integer that is none":   `{"When":1.5}`,
		"integer too large":      `{"When":2147483648}`,
		"bytes that are none":    `{"Data":"?"}`,
		"bytes with loose bits":  `{"Data":"AB=="}`,
		"list too long":          `{"List":["a","b","c"]}`,
		"map too large":          `{"Map":{"a":"","b":"","c":""}}`,
		"map with too long keys": `{"Map":{"aaaa":""}}`,
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			if in, err := decodeOdd(awswire.JSON, body); !fault.Is(err, fault.Invalid, fault.Member) {
				t.Errorf("got %+v, %v", in, err)
			}
		})
	}
}

func TestScalarsAreStrict(t *testing.T) {
	for field, texts := range map[string][]string{
		"Ratio": {"0x10", "1_0", "inf", "+Inf", "nan", "", " 1", "1e400"},
		"Done":  {"True", "1", "", "yes", "true "},
		"When":  {"+1", "0x1", "1.0", "", "2147483648"},
		"Data":  {"AB==", "AA", "A A="},
	} {
		for _, text := range texts {
			t.Run(field+" "+text+" is refused", func(t *testing.T) {
				in, err := decodeOdd(awswire.Query, field+"="+url.QueryEscape(text))
				if !fault.Is(err, fault.Invalid, fault.Member) {
					t.Errorf("got %+v, %v", in, err)
				}
			})
		}
	}
	t.Run("honest ones are read", func(t *testing.T) {
		in, err := decodeOdd(awswire.Query, "Ratio=-1.5e-3&Done=false&When=-7&Data=AAE%3D")
		if err != nil || *in.Ratio != -1.5e-3 || *in.Done || *in.When != -7 || string(in.Data) != "\x00\x01" {
			t.Errorf("got %+v, %v", in, err)
		}
	})
}

func TestRequestsAreStrict(t *testing.T) {
	t.Run("a body that the operation does not know is refused", func(t *testing.T) {
		r := httptest.NewRequest("GET", "/v20180820/accessgrantsinstance", nil)
		r.Header.Set("x-amz-account-id", "123456789012")
		if _, err := awswire.Decode(awswire.Usual, s3control.GetAccessGrantsInstance.Operation, r, nil, nil); err != nil {
			t.Fatal(err)
		}
		in, err := awswire.Decode(awswire.Usual, s3control.GetAccessGrantsInstance.Operation, r, nil, []byte("x"))
		if !fault.Is(err, fault.Malformed, fault.XML) {
			t.Errorf("got %+v, %v", in, err)
		}
	})
	t.Run("a header twice is refused", func(t *testing.T) {
		r := httptest.NewRequest("GET", "/v20180820/accessgrantsinstance", nil)
		r.Header["X-Amz-Account-Id"] = []string{"123456789012", "210987654321"}
		in, err := awswire.Decode(awswire.Usual, s3control.GetAccessGrantsInstance.Operation, r, nil, nil)
		if !fault.Is(err, fault.Invalid, fault.Header) {
			t.Errorf("got %+v, %v", in, err)
		}
	})
	t.Run("metadata twice is joined, as S3 joins it", func(t *testing.T) {
		r := httptest.NewRequest("PUT", "/b/k", nil)
		r.Header["X-Amz-Meta-A"] = []string{"x", "y"}
		in, err := awswire.Decode(awswire.Usual, s3.PutObject.Operation, r, awswire.Labels{"Bucket": "b", "Key": "k"}, nil)
		if err != nil || in.(*s3.PutObjectRequest).Metadata["a"] != "x,y" {
			t.Errorf("got %+v, %v", in, err)
		}
	})
	t.Run("a missing label is refused", func(t *testing.T) {
		r := httptest.NewRequest("PUT", "/b/k", nil)
		in, err := awswire.Decode(awswire.Usual, s3.PutObject.Operation, r, awswire.Labels{"Bucket": "b"}, nil)
		if !fault.Is(err, fault.Invalid, fault.Member) {
			t.Errorf("got %+v, %v", in, err)
		}
	})
	t.Run("a target of another service or method is refused", func(t *testing.T) {
		op := awswire.NewOp[odd, odd](awswire.Operation{Name: "Odd"})
		s := awswire.NewService(&awswire.Service{Protocol: awswire.JSON, TargetPrefix: "Odds"}, op.Operation)
		for _, c := range []struct {
			method, target string
			kind           fault.Kind
			entity         fault.Entity
		}{
			{"POST", "Odds.Odd", 0, ""}, {"POST", "Evens.Odd", fault.Unsupported, fault.Operation},
			{"POST", "Odds.Even", fault.Unsupported, fault.Operation},
			{"POST", "x.Odds.Odd", fault.Unsupported, fault.Operation}, {"POST", "", fault.Unsupported, fault.Operation},
			{"GET", "Odds.Odd", fault.Unsupported, fault.Method},
		} {
			r := httptest.NewRequest(c.method, "/", nil)
			r.Header.Set("X-Amz-Target", c.target)
			found, _, err := s.Match(r)
			if c.entity == "" && (err != nil || found != op.Operation) || c.entity != "" && !fault.Is(err, c.kind, c.entity) {
				t.Errorf("%s %s matched %v, %v", c.method, c.target, found, err)
			}
		}
	})
	t.Run("a status out of range is our mistake", func(t *testing.T) {
		type out struct {
			Code *int32 `aws:"Code,status"`
		}
		op := awswire.NewOp[odd, out](awswire.Operation{Name: "Odd", Method: "GET", URI: "/"})
		awswire.NewService(&awswire.Service{Protocol: awswire.RestXML}, op.Operation)
		if err := awswire.Encode(httptest.NewRecorder(), op.Operation, &out{Code: new(int32(99))}, ids); err == nil {
			t.Error("encoded")
		}
		if w := encode(t, op.Operation, &out{Code: new(int32(202))}); w.Code != 202 {
			t.Error(w.Code)
		}
	})
}
