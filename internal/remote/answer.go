package remote

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
)

// rewrite makes an answer of the store one of the gateway: with the client's names and the gateway's owners. It refuses
// an answer that contradicts itself or what was asked.
func (k *call) rewrite(out any, resp *http.Response) error {
	o := &k.shape.out
	x := reflect.ValueOf(out).Elem()
	if o.stream >= 0 {
		if err := k.checkObject(x, resp); err != nil {
			_ = resp.Body.Close()
			return unavailable("the store's answer", err)
		}
	}
	for _, i := range o.foreign {
		x.Field(i).SetZero()
	}
	for _, i := range o.buckets {
		if !x.Field(i).IsZero() && k.in.bucket != "" {
			setText(x, i, k.in.bucket)
		}
	}
	if o.location >= 0 {
		setText(x, o.location, k.location())
	}
	if o.hasOwners {
		k.setOwners(x)
	}
	if d, ok := out.(*s3.DeleteObjectsOutput); ok {
		k.judgeDeletes(d)
	}
	if o.encoding >= 0 {
		if err := k.decodeNames(x); err != nil {
			return unavailable("the store's listing", err)
		}
	}
	return nil
}

// judgeDeletes takes the store's view of us out of the results of single keys, and what a quiet call does not want.
func (k *call) judgeDeletes(out *s3.DeleteObjectsOutput) {
	if in, ok := k.in.pointer.(*s3.DeleteObjectsRequest); ok && in.Delete != nil && awswire.Value(in.Delete.Quiet) {
		out.Deleted = nil
	}
	for i := range out.Errors {
		if e := &out.Errors[i]; ourFault[awswire.Value(e.Code)] {
			e.Code, e.Message = new("InternalError"), new("The store does not delete this object.")
		}
	}
}

// location is where the client finds what the call made.
func (k *call) location() string {
	if k.shape.key < 0 {
		return "/" + k.in.bucket
	}
	return k.meta.Location + "/" + k.in.bucket + "/" + awswire.EscapeName(text(k.in.value, k.shape.key))
}

// setOwners replaces the store's accounts, which mean nothing to our clients.
func (k *call) setOwners(x reflect.Value) {
	owner, initiator := reflect.Zero(reflect.TypeFor[*s3.Owner]()), reflect.Zero(reflect.TypeFor[*s3.Initiator]())
	if id := k.meta.Owner; id != "" {
		owner, initiator = reflect.ValueOf(&s3.Owner{ID: &id}), reflect.ValueOf(&s3.Initiator{ID: &id})
	}
	for i := range x.NumField() {
		setOwner(x.Field(i), owner, initiator)
	}
	for _, l := range k.shape.out.inLists {
		list := x.Field(l.index)
		for i := range list.Len() {
			for _, at := range []int{l.owner, l.initiator} {
				if at >= 0 {
					setOwner(list.Index(i).Field(at), owner, initiator)
				}
			}
		}
	}
}

func setOwner(f, owner, initiator reflect.Value) {
	switch {
	case f.Type() == owner.Type() && !f.IsNil():
		f.Set(owner)
	case f.Type() == initiator.Type() && !f.IsNil():
		f.Set(initiator)
	}
}

// decodeNames takes back the encoding of names that was asked of the store, and puts it on again if the client asked
// for it. Some stores pass over the question.
func (k *call) decodeNames(x reflect.Value) error {
	o := &k.shape.out
	encoded := text(x, o.encoding) == "url"
	one := func(x reflect.Value, i int) error {
		p, ok := x.Field(i).Interface().(*string)
		if !ok || p == nil {
			return nil
		}
		name := *p
		if encoded {
			plain, err := url.QueryUnescape(name) // S3 writes a space as a plus, as forms do
			if err != nil {
				return err
			}
			name = plain
		}
		if k.in.urlNames {
			name = awswire.EscapeName(name)
		}
		setText(x, i, name)
		return nil
	}
	for _, i := range o.names {
		if err := one(x, i); err != nil {
			return err
		}
	}
	for _, l := range o.inLists {
		list := x.Field(l.index)
		for n := range list.Len() {
			for _, i := range l.names {
				if err := one(list.Index(n), i); err != nil {
					return err
				}
			}
		}
	}
	x.Field(o.encoding).SetZero()
	if k.in.urlNames {
		setText(x, o.encoding, "url")
	}
	return nil
}

// checkObject refuses an object whose length nobody can check, and a part of one that was not asked for.
func (k *call) checkObject(x reflect.Value, resp *http.Response) error {
	if resp.ContentLength < 0 && len(resp.TransferEncoding) == 0 {
		return fmt.Errorf("its end is that of the connection")
	}
	span := text(x, k.shape.out.span)
	if resp.StatusCode != http.StatusPartialContent {
		if span != "" {
			return fmt.Errorf("a whole object has the range %q", span)
		}
		return nil
	}
	asked, byPart := k.asked()
	if asked == "" && !byPart {
		return fmt.Errorf("a part was not asked for")
	}
	first, last, ok := parseSpan(span)
	if !ok || resp.ContentLength >= 0 && last-first+1 != resp.ContentLength {
		return fmt.Errorf("the range %q is not that of %d bytes", span, resp.ContentLength)
	}
	if begin, ok := beginOf(asked); ok && begin != first {
		return fmt.Errorf("the range %q was not asked for", span)
	}
	return nil
}

// asked is the range that a call asks for.
func (k *call) asked() (header string, byPart bool) {
	for i := range k.in.value.NumField() {
		switch f := k.in.value.Field(i); wireName(k.shape.op.In.Field(i)) {
		case "Range":
			header = text(k.in.value, i)
		case "partNumber":
			byPart = !f.IsZero()
		}
	}
	return header, byPart
}

// parseSpan reads a Content-Range.
func parseSpan(s string) (first, last int64, ok bool) {
	s, ok = strings.CutPrefix(s, "bytes ")
	if !ok {
		return 0, 0, false
	}
	s, _, ok = strings.Cut(s, "/")
	a, b, ok2 := strings.Cut(s, "-")
	first, err1 := strconv.ParseInt(a, 10, 64)
	last, err2 := strconv.ParseInt(b, 10, 64)
	return first, last, ok && ok2 && err1 == nil && err2 == nil && first >= 0 && last >= first
}

// beginOf is the first byte that a Range of one part asks for, unless it counts from the end.
func beginOf(header string) (int64, bool) {
	s, ok := strings.CutPrefix(header, "bytes=")
	s, _, ok2 := strings.Cut(s, "-")
	n, err := strconv.ParseInt(s, 10, 64)
	return n, ok && ok2 && err == nil && !strings.Contains(header, ",")
}
