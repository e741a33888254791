package probetest

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// call is a request while it is performed.
type call struct {
	op, key string
	by      *session
	query   url.Values
}

// guarded decides, and performs the change if it may happen, or if the store lets it happen anyway.
func (s *Store) guarded(w http.ResponseWriter, c *call, allowed bool, do func()) bool {
	if (allowed || s.Anyway[c.op]) && (c.by == nil || !s.Forget[c.op]) {
		do()
	}
	if !allowed {
		refuse(w, 403, "AccessDenied")
	}
	return allowed
}

func (s *Store) perform(w http.ResponseWriter, r *http.Request, c *call) {
	may := func(action, key string) bool {
		return s.may(c.by, Request{Operation: c.op, Action: action, Key: key, Delimiter: c.query.Get("delimiter")})
	}
	switch c.op {
	case "GetObject", "HeadObject":
		s.read(w, c, may("s3:GetObject", c.key))
	case "PutObject":
		body, _ := io.ReadAll(r.Body)
		s.guarded(w, c, may("s3:PutObject", c.key), func() { s.objects[c.key] = string(body) })
	case "DeleteObject":
		if s.guarded(w, c, may("s3:DeleteObject", c.key), func() {
			if !s.Sticky {
				delete(s.objects, c.key)
			}
		}) {
			w.WriteHeader(http.StatusNoContent)
		}
	case "DeleteObjects":
		s.deleteMany(w, r, may)
	case "CopyObject", "UploadPartCopy":
		from := source(r)
		allowed := may("s3:PutObject", c.key) &&
			s.may(c.by, Request{Operation: c.op + "Source", Action: "s3:GetObject", Key: from})
		if s.guarded(w, c, allowed, func() {
			if c.op == "CopyObject" {
				s.objects[c.key] = s.objects[from]
			}
		}) {
			root := map[string]string{"CopyObject": "CopyObjectResult", "UploadPartCopy": "CopyPartResult"}[c.op]
			fmt.Fprintf(w, `<%s><ETag>"e"</ETag></%s>`, root, root)
		}
	case "CreateMultipartUpload":
		id := fmt.Sprintf("upload-%d", len(s.uploads)+len(s.parts)+len(s.sessions)*1000)
		if s.guarded(w, c, may("s3:PutObject", c.key), func() { s.uploads[id] = c.key }) {
			fmt.Fprintf(w, `<InitiateMultipartUploadResult><UploadId>%s</UploadId></InitiateMultipartUploadResult>`, id)
		}
	case "UploadPart":
		body, _ := io.ReadAll(r.Body)
		if s.guarded(w, c, may("s3:PutObject", c.key), func() { s.parts[c.query.Get("uploadId")] = string(body) }) {
			w.Header().Set("ETag", `"e"`)
		}
	case "CompleteMultipartUpload":
		id := c.query.Get("uploadId")
		if s.guarded(w, c, may("s3:PutObject", c.key), func() { s.objects[c.key] = s.parts[id]; delete(s.uploads, id) }) {
			fmt.Fprint(w, `<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>`)
		}
	case "AbortMultipartUpload":
		if s.guarded(w, c, may("s3:AbortMultipartUpload", c.key), func() { delete(s.uploads, c.query.Get("uploadId")) }) {
			w.WriteHeader(http.StatusNoContent)
		}
	case "GetBucketPolicy":
		if s.guarded(w, c, may("s3:GetBucketPolicy", ""), func() {}) {
			refuse(w, 404, "NoSuchBucketPolicy")
		}
	case "ListMultipartUploads":
		s.listUploads(w, c)
	default:
		s.list(w, c, may("s3:ListBucket", c.query.Get("prefix")))
	}
}

func source(r *http.Request) string {
	text, _ := url.PathUnescape(r.Header.Get("X-Amz-Copy-Source"))
	return strings.TrimPrefix(strings.TrimPrefix(text, "/"), Bucket+"/")
}

func (s *Store) read(w http.ResponseWriter, c *call, allowed bool) {
	content, ok := s.objects[c.key]
	switch {
	case !allowed:
		refuse(w, 403, "AccessDenied")
	case !ok:
		refuse(w, 404, "NoSuchKey")
	default:
		_, _ = io.WriteString(w, content)
	}
}

func (s *Store) deleteMany(w http.ResponseWriter, r *http.Request, may func(action, key string) bool) {
	var in struct{ Object []struct{ Key string } }
	body, _ := io.ReadAll(r.Body)
	if err := xml.Unmarshal(body, &in); err != nil {
		refuse(w, 400, "MalformedXML")
		return
	}
	fmt.Fprint(w, "<DeleteResult>")
	for _, o := range in.Object {
		if may("s3:DeleteObject", o.Key) {
			delete(s.objects, o.Key)
			fmt.Fprintf(w, "<Deleted><Key>%s</Key></Deleted>", o.Key)
		} else {
			fmt.Fprintf(w, "<Error><Key>%s</Key><Code>AccessDenied</Code></Error>", o.Key)
		}
	}
	fmt.Fprint(w, "</DeleteResult>")
}

func (s *Store) list(w http.ResponseWriter, c *call, allowed bool) {
	if !allowed {
		refuse(w, 403, "AccessDenied")
		return
	}
	var keys []string
	for k := range s.objects {
		if strings.HasPrefix(k, c.query.Get("prefix")) {
			keys = append(keys, k)
		}
	}
	if s.ListsOutside && c.by != nil {
		keys = append(keys, "outside")
	}
	slices.Sort(keys)
	fmt.Fprint(w, "<ListBucketResult>")
	for _, k := range keys {
		fmt.Fprint(w, "<Contents><Key>")
		_ = xml.EscapeText(w, []byte(k))
		fmt.Fprint(w, "</Key></Contents>")
	}
	fmt.Fprint(w, "</ListBucketResult>")
}

func (s *Store) listUploads(w http.ResponseWriter, c *call) {
	if c.by != nil {
		refuse(w, 403, "AccessDenied")
		return
	}
	fmt.Fprint(w, "<ListMultipartUploadsResult>")
	for id, key := range s.uploads {
		if strings.HasPrefix(key, c.query.Get("prefix")) {
			fmt.Fprintf(w, "<Upload><UploadId>%s</UploadId><Key>%s</Key></Upload>", id, key)
		}
	}
	fmt.Fprint(w, "</ListMultipartUploadsResult>")
}
