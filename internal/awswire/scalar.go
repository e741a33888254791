package awswire

import (
	"encoding/base64"
	"errors"
	"math"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const isoMillis = "2006-01-02T15:04:05.000Z"

// parse reads a scalar's text into dst, which is the value itself or a nil pointer to it. def is the format of a
// timestamp for which the model states none.
func (v *value) parse(dst reflect.Value, text string, def timeFormat) error {
	if v.ptr {
		p := reflect.New(dst.Type().Elem())
		if err := v.parseInto(p.Elem(), text, def); err != nil {
			return err
		}
		dst.Set(p)
		return nil
	}
	return v.parseInto(dst, text, def)
}

func (v *value) parseInto(dst reflect.Value, text string, def timeFormat) error {
	switch v.kind {
	case kindString:
		if !utf8.ValidString(text) {
			return errors.New("is not valid UTF-8")
		}
		dst.SetString(text)
	case kindInt:
		n, err := strconv.ParseInt(text, 10, v.bits)
		if err != nil || strings.HasPrefix(text, "+") {
			return errors.New("is not an integer of " + strconv.Itoa(v.bits) + " bits")
		}
		dst.SetInt(n)
	case kindFloat:
		f, err := parseFloat(text, v.bits)
		if err != nil {
			return err
		}
		dst.SetFloat(f)
	case kindBool:
		if text != "true" && text != "false" {
			return errors.New("is neither true nor false")
		}
		dst.SetBool(text == "true")
	case kindTime:
		t, err := parseTime(text, v.timeAs(def))
		if err != nil {
			return err
		}
		dst.Set(reflect.ValueOf(t))
	case kindBlob:
		b, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil {
			return errors.New("is not base64")
		}
		dst.SetBytes(b)
	default:
		return errors.New("is not a single value")
	}
	return nil
}

func (v *value) timeAs(def timeFormat) timeFormat {
	if v.time != timeDefault {
		return v.time
	}
	return def
}

func parseFloat(text string, bits int) (float64, error) {
	switch text {
	case "NaN":
		return math.NaN(), nil
	case "Infinity":
		return math.Inf(1), nil
	case "-Infinity":
		return math.Inf(-1), nil
	}
	f, err := strconv.ParseFloat(text, bits)
	if err != nil || strings.Trim(text, "0123456789+-.eE") != "" {
		return 0, errors.New("is not a number")
	}
	return f, nil
}

func parseTime(text string, f timeFormat) (time.Time, error) {
	switch f {
	case timeUnix:
		s, err := parseFloat(text, 64)
		if err != nil || math.IsNaN(s) || math.Abs(s) > 1e11 {
			return time.Time{}, errors.New("is not a time in seconds")
		}
		whole, frac := math.Modf(s)
		return time.Unix(int64(whole), int64(math.Round(frac*1e3))*1e6).UTC(), nil
	case timeHTTP:
		for _, layout := range []string{http.TimeFormat, "Mon, 02 Jan 2006 15:04:05.999999999 GMT"} {
			if t, err := time.Parse(layout, text); err == nil {
				return t.UTC(), nil
			}
		}
		if t, err := http.ParseTime(text); err == nil {
			return t.UTC(), nil
		}
		return time.Time{}, errors.New("is not an HTTP date")
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, errors.New("is not an ISO 8601 time")
	}
	return t.UTC(), nil
}

// appendTime writes a time. ISO times always carry milliseconds, as AWS's do.
func appendTime(b []byte, t time.Time, f timeFormat) []byte {
	t = t.UTC()
	switch f {
	case timeUnix:
		ms := t.UnixMilli()
		if ms%1000 == 0 {
			return strconv.AppendInt(b, ms/1000, 10)
		}
		return strconv.AppendFloat(b, float64(ms)/1000, 'f', -1, 64)
	case timeHTTP:
		return t.AppendFormat(b, http.TimeFormat)
	}
	return t.AppendFormat(b, isoMillis)
}

// text writes a scalar as text. x is the value itself, not a pointer.
func (v *value) text(b []byte, x reflect.Value, def timeFormat) []byte {
	switch v.kind {
	case kindString:
		return append(b, x.String()...)
	case kindInt:
		return strconv.AppendInt(b, x.Int(), 10)
	case kindFloat:
		return appendFloat(b, x.Float(), v.bits)
	case kindBool:
		return strconv.AppendBool(b, x.Bool())
	case kindTime:
		if x.CanAddr() { // saves an allocation for each time in a listing
			return appendTime(b, *x.Addr().Interface().(*time.Time), v.timeAs(def))
		}
		return appendTime(b, x.Interface().(time.Time), v.timeAs(def))
	case kindBlob:
		return base64.StdEncoding.AppendEncode(b, x.Bytes())
	}
	return b
}

func appendFloat(b []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, "NaN"...)
	case math.IsInf(f, 1):
		return append(b, "Infinity"...)
	case math.IsInf(f, -1):
		return append(b, "-Infinity"...)
	}
	return strconv.AppendFloat(b, f, 'g', -1, bits)
}

func (v *value) scalar() bool { return v.kind >= kindString && v.kind <= kindBlob }
