package awswire_test

import (
	"net/http/httptest"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/awsapi/s3control"
	"latchkey/internal/awswire"
)

// samples are values such that at least one matches each pattern of S3 Control.
var samples = []string{
	"abc", "123456789012", "s3://b/p*", "arn:aws:s3:us-east-1:123456789012:access-grants/default",
	"arn:aws:s3:us-east-1:123456789012:access-grants/location/abc",
	"arn:aws:s3:us-east-1:123456789012:access-grants/grant/abc",
	"arn:aws:sso:::instance/ssoins-1234567890abcdef", "arn:aws:sso::123456789012:application/ssoins-x/apl-y",
	"arn:aws:iam::123456789012:role/x", "o-abcdefghij", " <&>\"'\t é😹 ",
}

// fillAll sets every member of a struct to a value that the model allows.
func fillAll(v reflect.Value, tag reflect.StructTag, level string) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillAll(v.Elem(), tag, level)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fillAll(v.Index(i), tag, "item")
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(noon))
			return
		}
		for i := range v.NumField() {
			fillAll(v.Field(i), v.Type().Field(i).Tag, "aws")
		}
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int32, reflect.Int64:
		v.SetInt(max(7, bound(tag.Get(level), "min=", 0)))
	case reflect.String:
		prefix := map[string]string{"aws": "", "item": "item-"}[level]
		if enum := tag.Get(prefix + "enum"); enum != "" {
			v.SetString(strings.Split(enum, "|")[0])
			return
		}
		pattern := regexp.MustCompile(`\A(?:` + tag.Get(prefix+"pattern") + `)\z`)
		i := slices.IndexFunc(samples, func(s string) bool {
			n := int64(len([]rune(s)))
			fits := tag.Get(prefix+"pattern") == "" || pattern.MatchString(s)
			return fits && n >= bound(tag.Get(level), "min=", 0) && n <= bound(tag.Get(level), "max=", 1<<40)
		})
		if i < 0 {
			panic("no sample for " + string(tag))
		}
		v.SetString(samples[i])
	}
}

func bound(tag, name string, def int64) int64 {
	for o := range strings.SplitSeq(tag, ",") {
		if text, ok := strings.CutPrefix(o, name); ok {
			n, _ := strconv.ParseInt(text, 10, 64)
			return n
		}
	}
	return def
}

// TestS3ControlInputs sends every operation's input, with all its members, through a request and back.
func TestS3ControlInputs(t *testing.T) {
	for _, op := range s3control.Service.Operations {
		t.Run(op.Name, func(t *testing.T) {
			want := reflect.New(op.In)
			fillAll(want.Elem(), "", "aws")
			path, query := op.URI, url.Values{}
			header := map[string]string{}
			for i := range op.In.NumField() {
				options := strings.Split(op.In.Field(i).Tag.Get("aws"), ",")
				f := want.Elem().Field(i)
				switch {
				case slices.Contains(options, "uri"):
					path = strings.NewReplacer("{"+options[0]+"}", url.PathEscape(f.Elem().String()),
						"{"+options[0]+"+}", f.Elem().String()).Replace(path)
				case slices.Contains(options, "header"):
					header[options[0]] = f.Elem().String()
				case slices.Contains(options, "query") && f.Kind() == reflect.Slice:
					query[options[0]] = f.Interface().([]string)
				case slices.Contains(options, "query"):
					query.Set(options[0], text(f.Elem()))
				}
			}
			// The body as a client writes it is what the codec writes for an output of that shape.
			echo := *op
			echo.Out, echo.OutRoot, echo.Status = op.In, op.InRoot, 0
			w := httptest.NewRecorder()
			body := ""
			if op.InRoot != "" {
				awswire.NewService(&awswire.Service{Protocol: awswire.RestXML, Namespace: op.InNamespace}, &echo)
				if err := awswire.Encode(w, &echo, want.Interface(), ids); err != nil {
					t.Fatal(err)
				}
				body = w.Body.String()
			}
			uri := path
			if len(query) > 0 {
				uri += "?" + query.Encode()
			}
			r := httptest.NewRequest(op.Method, uri, strings.NewReader(body))
			for name, v := range header {
				r.Header.Set(name, v)
			}
			found, labels, err := s3control.Service.Match(r)
			if err != nil || found != op {
				t.Fatalf("matched %v, %v", found, err)
			}
			got, err := awswire.Decode(awswire.Usual, op, r, labels, []byte(body))
			if err != nil {
				t.Fatalf("%v\n%s", err, body)
			}
			if diff := cmp.Diff(want.Interface(), got); diff != "" {
				t.Errorf("(-want +got):\n%s\n%s", diff, body)
			}
		})
	}
}

func text(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Int32:
		return strconv.FormatInt(v.Int(), 10)
	}
	return v.String()
}

// TestS3ControlOutputs sends every operation's output, with all its members, through an answer and back.
func TestS3ControlOutputs(t *testing.T) {
	for _, op := range s3control.Service.Operations {
		t.Run(op.Name, func(t *testing.T) {
			want := reflect.New(op.Out)
			fillAll(want.Elem(), "", "aws")
			w := encode(t, op, want.Interface())
			if op.Out.NumField() == 0 {
				if w.Body.Len() > 0 {
					t.Errorf("a body without members: %s", w.Body)
				}
				return
			}
			echo := *op
			echo.In, echo.InRoot, echo.InNamespace = op.Out, op.OutRoot, ""
			awswire.NewService(&awswire.Service{Protocol: awswire.RestXML}, &echo)
			got, err := awswire.Decode(awswire.Usual, &echo, httptest.NewRequest("GET", "/", nil), nil, w.Body.Bytes())
			if err != nil {
				t.Fatalf("%v\n%s", err, w.Body)
			}
			if diff := cmp.Diff(want.Interface(), got); diff != "" {
				t.Errorf("(-want +got):\n%s\n%s", diff, w.Body)
			}
		})
	}
}
