package remote

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
	"latchkey/internal/fault"
	"latchkey/internal/upstream"
)

// usEast1 is S3's first region. It has no location constraint (S3 API reference, CreateBucket).
const usEast1 = "us-east-1"

// userAgent is how the store's log sees us.
const userAgent = "latchkey"

const emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// input is what is sent of a call: a copy of its input.
type input struct {
	value    reflect.Value // the struct
	pointer  any           // to it
	bucket   string        // as the client names it; empty: none
	stored   string        // as the store names it
	urlNames bool          // the client wants names percent-encoded
}

// input makes the copy that is sent: with the store's names, without what is the gateway's own business.
func (s *Store) input(sh *shape, given any) (input, error) {
	p := reflect.New(sh.op.In)
	in := input{value: p.Elem(), pointer: p.Interface()}
	x := in.value
	x.Set(reflect.ValueOf(given).Elem())
	for _, m := range sh.members {
		if err := m.treat(m.name, x.Field(m.index)); err != nil {
			return in, err
		}
	}
	for _, e := range sh.enums {
		if v := text(x, e.index); v != "" && !slices.Contains(e.values, v) {
			return in, notServed(e.name)
		}
	}
	if in.bucket = text(x, sh.bucket); in.bucket != "" {
		var err error
		if in.stored, err = s.stored(in.bucket); err != nil {
			return in, err
		}
		setText(x, sh.bucket, in.stored)
	}
	if source := text(x, sh.source); source != "" {
		rebuilt, err := s.copySource(source)
		if err != nil {
			return in, err
		}
		setText(x, sh.source, rebuilt)
	}
	if sh.key >= 0 {
		if err := upstream.CheckKey(text(x, sh.key)); err != nil {
			return in, err
		}
	}
	if encoding := text(x, sh.encoding); encoding != "" {
		if encoding = contentEncoding(encoding); encoding == "" {
			x.Field(sh.encoding).SetZero()
		} else {
			setText(x, sh.encoding, encoding)
		}
	}
	if sh.nameEncoding >= 0 { // XML cannot carry every key
		in.urlNames = text(x, sh.nameEncoding) == "url"
		setText(x, sh.nameEncoding, "url")
	}
	if d, ok := in.pointer.(*s3.DeleteObjectsRequest); ok && d.Delete != nil {
		for _, o := range d.Delete.Objects {
			if o.LastModifiedTime != nil || o.Size != nil { // directory buckets only; other stores pass over them
				return in, notServed("LastModifiedTime")
			}
		}
	}
	return in, nil
}

// stored is the name of a bucket at the store.
func (s *Store) stored(bucket string) (string, error) {
	if s.options.Rename == nil {
		return bucket, nil
	}
	if name := s.options.Rename(bucket); name != "" {
		return name, nil
	}
	return "", fault.New(fault.NotFound, fault.Bucket, "").With("BucketName", bucket)
}

// copySource writes the header anew: the store must read the object that the gateway has authorised.
func (s *Store) copySource(header string) (string, error) {
	from, err := upstream.ParseCopySource(header)
	if err != nil {
		return "", err
	}
	stored, err := s.stored(from.Bucket)
	if err != nil {
		return "", err
	}
	rebuilt := "/" + awswire.EscapeName(stored) + "/" + awswire.EscapeName(from.Key)
	if from.Version != "" {
		rebuilt += "?versionId=" + strings.ReplaceAll(awswire.EscapeName(from.Version), "/", "%2F")
	}
	return rebuilt, nil
}

// contentEncoding removes aws-chunked, which is a framing of one request, from the object's encodings.
func contentEncoding(header string) string {
	var kept []string
	for e := range strings.SplitSeq(header, ",") {
		if e = strings.TrimSpace(e); e != "" && !strings.EqualFold(e, "aws-chunked") {
			kept = append(kept, e)
		}
	}
	return strings.Join(kept, ",")
}

// request makes one signed request to one endpoint.
func (s *Store) request(ctx context.Context, at *url.URL, k *call) (*http.Request, error) {
	r, err := awswire.NewRequest(ctx, awswire.Endpoint{URL: at}, k.shape.op, k.in.pointer)
	if err != nil {
		return nil, fault.New(fault.Invalid, fault.Request, "The request cannot be sent to the store.").Because(err)
	}
	if s.options.VirtualHost && k.in.stored != "" {
		toVirtualHost(r, at, k.in.stored)
	}
	hash, err := payload(r, k)
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", userAgent)
	r.Header.Set("X-Amz-Content-Sha256", hash)
	keys, err := s.options.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, unavailable("the store's keys cannot be had", err)
	}
	if err := s.signer.SignHTTP(ctx, keys, r, hash, "s3", s.options.Region, time.Now()); err != nil {
		return nil, unavailable("the request cannot be signed", err)
	}
	return r, nil
}

// payload gives the request its body, and returns what the signature says of it.
func payload(r *http.Request, k *call) (hash string, err error) {
	if k.body != nil {
		return k.body.attach(r, k.shape, k.in.value)
	}
	if r.Body == nil || r.Body == http.NoBody {
		return emptySHA256, nil
	}
	body, err := r.GetBody()
	if err != nil {
		return "", err
	}
	all, err := io.ReadAll(body)
	if err != nil {
		return "", err
	}
	if k.shape.op.ChecksumRequired {
		// The gateway has compared the client's checksum with the body. This one is of the body that is sent.
		sum := md5.Sum(all)
		r.Header.Set("Content-Md5", base64.StdEncoding.EncodeToString(sum[:]))
		r.Header.Del("X-Amz-Sdk-Checksum-Algorithm")
	}
	sum := sha256.Sum256(all)
	return hex.EncodeToString(sum[:]), nil
}

// toVirtualHost moves the bucket from the path to the host, if its name can be a part of a host's name. A name with a
// dot has no certificate: a wildcard covers one label.
func toVirtualHost(r *http.Request, at *url.URL, bucket string) {
	if !hostLabel(bucket) || net.ParseIP(at.Hostname()) != nil {
		return
	}
	base := strings.TrimSuffix(at.EscapedPath(), "/")
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), base+"/"+bucket)
	if !ok {
		return
	}
	if rest == "" {
		rest = "/"
	}
	escaped := base + rest
	plain, err := url.PathUnescape(escaped)
	if err != nil {
		return
	}
	r.URL.Path, r.URL.RawPath = plain, escaped
	r.URL.Host = bucket + "." + at.Host
	r.Host = r.URL.Host
}

func hostLabel(s string) bool {
	const maxLabel = 63
	ok := s != "" && len(s) <= maxLabel && s[0] != '-' && s[len(s)-1] != '-'
	for i := range len(s) {
		c := s[i]
		ok = ok && ('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-')
	}
	return ok
}

// errRewind is the answer to an attempt to send a body twice.
var errRewind = errors.New("the body has been read, and cannot be sent again")

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
