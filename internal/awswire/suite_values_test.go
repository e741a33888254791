package awswire

import (
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// plain turns a Go value back into the form in which a case states its parameters.
func (s suite) plain(name string, v reflect.Value) any {
	sh := s.Shapes[name]
	v = reflect.Indirect(v)
	switch sh.Type {
	case "structure":
		if sh.Document {
			return v.Interface()
		}
		return s.plainStructure(sh, v)
	case "list":
		list := []any{}
		for i := range v.Len() {
			if e := v.Index(i); e.Kind() == reflect.Pointer && e.IsNil() {
				list = append(list, nil)
			} else {
				list = append(list, s.plain(sh.Member.Shape, e))
			}
		}
		return list
	case "map":
		out := map[string]any{}
		for it := v.MapRange(); it.Next(); {
			if e := it.Value(); e.Kind() == reflect.Pointer && e.IsNil() {
				out[it.Key().String()] = nil
			} else {
				out[it.Key().String()] = s.plain(sh.Value.Shape, e)
			}
		}
		return out
	case "timestamp":
		return float64(v.Interface().(time.Time).UnixMilli()) / 1000
	case "blob":
		return string(v.Bytes())
	}
	switch v.Kind() {
	case reflect.Int32, reflect.Int64:
		return float64(v.Int())
	case reflect.Float32, reflect.Float64:
		text := string(appendFloat(nil, v.Float(), v.Type().Bits()))
		if f, err := strconv.ParseFloat(text, 64); err == nil && f == f && f-f == 0 {
			return f
		}
		return text
	}
	return v.Interface()
}

// fill is the reverse of plain: it sets v from a case's result.
func (s suite) fill(name string, v reflect.Value, x any) error {
	sh := s.Shapes[name]
	if x == nil {
		return nil
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch {
	case v.Kind() == reflect.Interface:
		if v.Type() == reflect.TypeFor[io.ReadCloser]() {
			v.Set(reflect.ValueOf(io.NopCloser(strings.NewReader(x.(string)))))
			return nil
		}
		v.Set(reflect.ValueOf(x))
		return nil
	case sh.Type == "structure":
		return s.fillStructure(name, v, x.(map[string]any))
	case sh.Type == "list":
		list := reflect.MakeSlice(v.Type(), 0, 0)
		for _, part := range x.([]any) {
			item := reflect.New(v.Type().Elem()).Elem()
			if err := s.fill(sh.Member.Shape, item, part); err != nil {
				return err
			}
			list = reflect.Append(list, item)
		}
		v.Set(list)
		return nil
	case sh.Type == "map":
		v.Set(reflect.MakeMap(v.Type()))
		for k, part := range x.(map[string]any) {
			item := reflect.New(v.Type().Elem()).Elem()
			if err := s.fill(sh.Value.Shape, item, part); err != nil {
				return err
			}
			v.SetMapIndex(reflect.ValueOf(k), item)
		}
		return nil
	case sh.Type == "timestamp":
		v.Set(reflect.ValueOf(time.UnixMilli(int64(x.(float64) * 1000)).UTC()))
		return nil
	case sh.Type == "blob":
		v.SetBytes([]byte(x.(string)))
		return nil
	}
	return fillScalar(v, x)
}

func (s suite) plainStructure(sh *shape, v reflect.Value) any {
	out := map[string]any{}
	for m, r := range sh.Members {
		f := v.FieldByName(goName(m))
		if !f.IsValid() {
			continue
		}
		if k := f.Kind(); (k == reflect.Pointer || k == reflect.Slice || k == reflect.Map || k == reflect.Interface) &&
			f.IsNil() {
			continue
		}
		switch x := f.Interface().(type) {
		case io.ReadCloser:
			text, _ := io.ReadAll(x)
			if len(text) > 0 {
				out[m] = string(text)
			}
		default:
			if f.Kind() == reflect.Interface {
				out[m] = x
			} else {
				out[m] = s.plain(r.Shape, f)
			}
		}
	}
	return out
}

func (s suite) fillStructure(name string, v reflect.Value, parts map[string]any) error {
	for m, part := range parts {
		r, ok := s.Shapes[name].Members[m]
		if !ok {
			return fmt.Errorf("%s has no member %s", name, m)
		}
		f := v.FieldByName(goName(m))
		if !f.IsValid() {
			return fmt.Errorf("%s.%s is too deep", name, m)
		}
		if err := s.fill(r.Shape, f, part); err != nil {
			return err
		}
	}
	return nil
}

func fillScalar(v reflect.Value, x any) error {
	switch x := x.(type) {
	case string:
		if v.Kind() == reflect.String {
			v.SetString(x)
			return nil
		}
		f, err := parseFloat(x, 64)
		v.SetFloat(f)
		return err
	case bool:
		v.SetBool(x)
	case float64:
		if v.CanInt() {
			v.SetInt(int64(x))
		} else {
			v.SetFloat(x)
		}
	}
	return nil
}
