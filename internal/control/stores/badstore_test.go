package stores_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// badStore is a small S3 store with one bucket, lake, that can be made wrong in many ways.
type badStore struct {
	mu      *sync.Mutex // a pointer, so that tables of stores can be copied
	objects map[string]stored

	takesAnySignature bool // a wrong one, too
	takesAnyChecksum  bool
	losesChecksums    bool
	losesWrites       bool
	keepsDeleted      bool
	listsOthers       bool
	listsNothing      bool
	folds             func(key string) string
	slow              time.Duration // its clock
	versioning        string
	gone, unlisted    bool   // the bucket; the right to list the buckets
	more              string // a further bucket; empty: none
	made              int    // the day of January on which lake was made; 0: 1
	public            bool   // anybody may list and read
	policy, acl       string // of the bucket; empty: none
	blocks            bool   // public access
}

type stored struct{ content, checksum string }

// keys are those that the store knows.
var keys = aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret"}

// rightSignature signs the request once more, as its sender said that it did.
func rightSignature(r *http.Request) bool {
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
	names, _, _ := strings.Cut(rest, ",")
	again := &http.Request{Method: r.Method, URL: &url.URL{Scheme: "http", Host: r.Host, Path: r.URL.Path,
		RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}, Host: r.Host, Header: http.Header{}}
	for name := range strings.SplitSeq(names, ";") {
		switch name {
		case "host":
		case "content-length":
			again.ContentLength = r.ContentLength
		default:
			again.Header[http.CanonicalHeaderKey(name)] = r.Header.Values(name)
		}
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	err = signer.SignHTTP(r.Context(), keys, again, r.Header.Get("X-Amz-Content-Sha256"), "s3", "us-east-1", at)
	return err == nil && again.Header.Get("Authorization") == r.Header.Get("Authorization")
}

func (s *badStore) serve(t *testing.T) string {
	t.Helper()
	s.objects, s.mu = map[string]stored{}, new(sync.Mutex)
	srv := httptest.NewServer(http.HandlerFunc(s.answer))
	t.Cleanup(srv.Close)
	return srv.URL
}

func (s *badStore) answer(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Date", time.Now().Add(s.slow).UTC().Format(http.TimeFormat))
	signed := r.Header.Get("Authorization") != ""
	if signed && !s.takesAnySignature && !rightSignature(r) {
		refuse(w, http.StatusForbidden, "SignatureDoesNotMatch")
		return
	}
	if !signed && !s.public {
		refuse(w, http.StatusForbidden, "AccessDenied")
		return
	}
	p, _ := url.PathUnescape(r.URL.EscapedPath())
	bucket, key, _ := strings.Cut(strings.TrimPrefix(p, "/"), "/")
	switch {
	case bucket == "" && s.unlisted:
		refuse(w, http.StatusForbidden, "AccessDenied")
	case bucket == "":
		s.listBuckets(w)
	case bucket != "lake" || s.gone:
		refuse(w, http.StatusNotFound, "NoSuchBucket")
	case key == "":
		s.ofBucket(w, r)
	default:
		if s.folds != nil {
			key = s.folds(key)
		}
		s.ofObject(w, r, key)
	}
}

func (s *badStore) listBuckets(w http.ResponseWriter) {
	fmt.Fprint(w, "<ListAllMyBucketsResult><Buckets>")
	if !s.gone {
		fmt.Fprintf(w, "<Bucket><Name>lake</Name><CreationDate>2026-01-%02dT00:00:00Z</CreationDate></Bucket>",
			max(s.made, 1))
	}
	if s.more != "" {
		fmt.Fprintf(w, "<Bucket><Name>%s</Name><CreationDate>2026-01-01T00:00:00Z</CreationDate></Bucket>", s.more)
	}
	fmt.Fprint(w, "</Buckets></ListAllMyBucketsResult>")
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>no</Message><RequestId>R</RequestId></Error>", code)
}

func (s *badStore) ofBucket(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	configured := func(text, code string) {
		if text == "" {
			refuse(w, http.StatusNotFound, code)
		} else {
			fmt.Fprint(w, text)
		}
	}
	switch {
	case q.Has("versioning"):
		fmt.Fprintf(w, "<VersioningConfiguration><Status>%s</Status></VersioningConfiguration>", s.versioning)
	case q.Has("policyStatus"):
		configured("", "NoSuchBucketPolicy")
	case q.Has("policy"):
		configured(s.policy, "NoSuchBucketPolicy")
	case q.Has("acl"):
		configured(s.acl, "NotImplemented")
	case q.Has("publicAccessBlock"):
		text := ""
		if s.blocks {
			text = "<X>" + strings.Repeat("<A>true</A>", 4) + "</X>"
		}
		configured(text, "NoSuchPublicAccessBlockConfiguration")
	case r.Method == http.MethodHead:
	default:
		s.list(w, q.Get("prefix"))
	}
}

func (s *badStore) list(w http.ResponseWriter, prefix string) {
	type content struct{ Key string }
	var page struct {
		XMLName  xml.Name `xml:"ListBucketResult"`
		Contents []content
	}
	for key := range s.objects {
		if !s.listsNothing && (strings.HasPrefix(key, prefix) || s.listsOthers) {
			page.Contents = append(page.Contents, content{url.PathEscape(key)})
		}
	}
	slices.SortFunc(page.Contents, func(a, b content) int { return strings.Compare(a.Key, b.Key) })
	text, _ := xml.Marshal(page)
	_, _ = w.Write([]byte(strings.Replace(string(text), "<Contents>", "<EncodingType>url</EncodingType><Contents>", 1)))
}

func (s *badStore) ofObject(w http.ResponseWriter, r *http.Request, key string) {
	switch r.Method {
	case http.MethodPut:
		s.put(w, r, key)
	case http.MethodDelete:
		if !s.keepsDeleted {
			delete(s.objects, key)
		}
		w.WriteHeader(http.StatusNoContent)
	default:
		o, ok := s.objects[key]
		if !ok {
			refuse(w, http.StatusNotFound, "NoSuchKey")
			return
		}
		if o.checksum != "" && !s.losesChecksums {
			w.Header().Set("X-Amz-Checksum-Sha256", o.checksum)
		}
		w.Header().Set("ETag", `"e"`)
		if r.Method == http.MethodGet {
			fmt.Fprint(w, o.content)
		} else {
			w.Header().Set("Content-Length", fmt.Sprint(len(o.content)))
		}
	}
}

func (s *badStore) put(w http.ResponseWriter, r *http.Request, key string) {
	body, _ := io.ReadAll(r.Body)
	sum := sha256.Sum256(body)
	given := r.Header.Get("X-Amz-Checksum-Sha256")
	if given != "" && given != base64.StdEncoding.EncodeToString(sum[:]) && !s.takesAnyChecksum {
		refuse(w, http.StatusBadRequest, "BadDigest")
		return
	}
	if !s.losesWrites {
		s.objects[key] = stored{string(body), given}
	}
	w.Header().Set("ETag", `"e"`)
}

// asPaths folds keys as a file system does.
func asPaths(key string) string { return strings.TrimPrefix(path.Clean("/"+key), "/") }
