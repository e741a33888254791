package attack

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
)

func (g *wrongGateway) objectOperation(w http.ResponseWriter, r *http.Request, who, bucket, key string) {
	objects, name := g.buckets[bucket], g.object(key)
	o, found := objects[name]
	switch r.Method {
	case "GET", "HEAD":
		if !found {
			text := "<Error/>"
			if g.has("long texts") {
				text += strings.Repeat(r.UserAgent(), 30)
			}
			http.Error(w, text, 404)
			return
		}
		w.Header().Set("ETag", `"e"`)
		w.Header().Set("Content-Type", o.kind)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Length", lengthOf(o.body))
		if r.Method == "GET" {
			fmt.Fprint(w, o.body)
		}
	case "DELETE":
		delete(objects, name)
		w.WriteHeader(204)
	case "PUT":
		body, err := io.ReadAll(r.Body)
		if len(key) > 1024 && !g.has("costly") || err != nil {
			http.Error(w, "<Error/>", 400)
			return
		}
		if source := r.Header.Get("X-Amz-Copy-Source"); source != "" {
			from, ok := g.source(who, source)
			if !ok {
				http.Error(w, "<Error/>", http.StatusForbidden)
				return
			}
			body = []byte(from)
		}
		objects[name] = stored{string(body), r.Header.Get("Content-Type")}
	default:
		http.Error(w, "<Error/>", http.StatusMethodNotAllowed)
	}
}

// source is the content of a copy's source.
func (g *wrongGateway) source(who, header string) (string, bool) {
	plain, err := url.PathUnescape(strings.SplitN(strings.TrimPrefix(header, "/"), "?", 2)[0])
	bucket, key, _ := strings.Cut(plain, "/")
	if g.has("copy sources") { // decided before it is decoded, and folded afterwards
		_, escaped, _ := strings.Cut(strings.TrimPrefix(header, "/"), "/")
		o, ok := g.buckets[bucket][strings.TrimPrefix(path.Clean("/"+key), "/")]
		return o.body, ok && g.may(who, bucket, escaped)
	}
	o, ok := g.buckets[bucket][key]
	return o.body, err == nil && ok && (g.may(who, bucket, key) || g.has("unread sources"))
}

func (g *wrongGateway) bucketOperation(w http.ResponseWriter, r *http.Request, who, bucket string) {
	q := r.URL.Query()
	known := map[string]bool{"list-type": true, "prefix": true, "max-keys": true, "delimiter": true, "start-after": true,
		"marker": true, "encoding-type": true, "uploads": true, "versions": true}
	for name := range q {
		if !known[name] && !(g.has("sub-resources") && r.Method == "GET") {
			http.Error(w, "<Error/>", http.StatusNotImplemented)
			return
		}
	}
	owner := who == ownerKey.AccessKeyID
	switch r.Method {
	case "PUT":
		if _, there := g.buckets[bucket]; there && !(g.has("created again")) || len(q) > 0 {
			http.Error(w, "<Error/>", http.StatusConflict)
			return
		}
		if g.buckets[bucket] == nil {
			g.buckets[bucket] = map[string]stored{}
		}
	case "DELETE":
		if !owner {
			http.Error(w, "<Error/>", http.StatusForbidden)
			return
		}
		delete(g.buckets, bucket)
		w.WriteHeader(204)
	case "GET":
		inside := len(q["prefix"]) == 1 && strings.HasPrefix(q.Get("prefix"), limit) && !q.Has("uploads") &&
			!q.Has("versions")
		if !owner && !inside && !(g.has("listings") && q.Get("prefix") == "") {
			http.Error(w, "<Error/>", http.StatusForbidden)
			return
		}
		g.list(w, q, bucket)
	default:
		http.Error(w, "<Error/>", http.StatusMethodNotAllowed)
	}
}

func (g *wrongGateway) list(w http.ResponseWriter, q url.Values, bucket string) {
	maxKeys := "1000"
	if g.has("costly") && q.Get("max-keys") != "" {
		maxKeys = q.Get("max-keys")
	}
	fmt.Fprintf(w, "<ListBucketResult><MaxKeys>%s</MaxKeys>", maxKeys)
	for key := range g.buckets[bucket] {
		if strings.HasPrefix(key, q.Get("prefix")) && !q.Has("uploads") {
			fmt.Fprint(w, "<Contents><Key>")
			_ = xml.EscapeText(w, []byte(key))
			fmt.Fprint(w, "</Key></Contents>")
		}
	}
	fmt.Fprint(w, "</ListBucketResult>")
}

func (g *wrongGateway) deleteMany(w http.ResponseWriter, r *http.Request, who, bucket string) {
	body, _ := io.ReadAll(r.Body)
	var in struct {
		XMLName xml.Name `xml:"Delete"`
		Object  []struct{ Key string }
	}
	d := xml.NewDecoder(strings.NewReader(string(body)))
	if g.has("lenient XML") {
		d.Strict = false
	}
	err := d.Decode(&in)
	if _, more := d.Token(); err == nil && more != io.EOF && !g.has("lenient XML") {
		err = fmt.Errorf("something behind")
	}
	if g.has("lenient XML") {
		for _, part := range strings.Split(string(body), "<Key>")[1:] {
			key, _, _ := strings.Cut(part, "</Key>")
			in.Object, err = append(in.Object, struct{ Key string }{key}), nil
		}
	}
	if err != nil || len(in.Object) > 1000 && !g.has("costly") {
		http.Error(w, "<Error/>", 400)
		return
	}
	fmt.Fprint(w, "<DeleteResult>")
	for _, o := range in.Object {
		if g.may(who, bucket, o.Key) || g.has("batches") {
			delete(g.buckets[bucket], o.Key)
		}
	}
	fmt.Fprint(w, "</DeleteResult>")
}

func (g *wrongGateway) upload(w http.ResponseWriter, r *http.Request, who, bucket, key string) {
	q := r.URL.Query()
	if q.Has("uploads") {
		id := fmt.Sprint("upload", len(g.uploads))
		g.uploads[id] = bucket + "/" + key
		fmt.Fprintf(w, "<R><UploadId>%s</UploadId></R>", id)
		return
	}
	of, there := g.uploads[q.Get("uploadId")]
	switch {
	case !there:
		http.Error(w, "<Error/>", 404)
	case of != bucket+"/"+key && !g.has("foreign uploads"):
		http.Error(w, "<Error/>", 404)
	case r.Header.Get("X-Amz-Copy-Source") != "":
		if _, ok := g.source(who, r.Header.Get("X-Amz-Copy-Source")); !ok {
			http.Error(w, "<Error/>", http.StatusForbidden)
		}
	case r.Method == "DELETE":
		delete(g.uploads, q.Get("uploadId"))
		w.WriteHeader(204)
	}
}
