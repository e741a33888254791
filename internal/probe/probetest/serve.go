package probetest

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"latchkey/internal/policy"
)

// refusal is an answer of the store that is an error.
func refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `<Error><Code>%s</Code><Message>no</Message></Error>`, code)
}

func (s *Store) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.URL.Path == "/" {
		s.sts(w, r)
		return
	}
	by, status, code := s.caller(r)
	if code != "" {
		refuse(w, status, code)
		return
	}
	path, _ := url.PathUnescape(r.URL.EscapedPath())
	key := strings.TrimPrefix(strings.TrimPrefix(path, "/"+Bucket), "/")
	op := operation(r, key)
	id := accessKey(r)
	if s.Requests[id] == nil {
		s.Requests[id] = map[string]bool{}
	}
	s.Requests[id][op] = true
	if s.Answer != nil && by != nil {
		if status := s.Answer(op); status != 0 {
			refuse(w, status, "Told")
			return
		}
	}
	s.perform(w, r, &call{op: op, key: key, by: by, query: r.URL.Query()})
}

// caller finds out whose request it is. nil is the owner.
func (s *Store) caller(r *http.Request) (*session, int, string) {
	id, token := accessKey(r), r.Header.Get("X-Amz-Security-Token")
	if id == Owner.AccessKeyID {
		return nil, 0, ""
	}
	by := s.sessions[id]
	switch {
	case by == nil:
		return nil, 403, "InvalidAccessKeyId"
	case token == "" && s.NoToken:
	case s.OtherToken && s.tokens[token] != nil:
		by = s.tokens[token]
	case by.token != token:
		return nil, 403, "InvalidToken"
	}
	if !s.NoExpiry && !s.now().Before(by.expires) {
		return nil, 400, "ExpiredToken"
	}
	return by, 0, ""
}

func accessKey(r *http.Request) string {
	_, after, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	id, _, _ := strings.Cut(after, "/")
	return id
}

// operation names the operation of a request.
func operation(r *http.Request, key string) string {
	q := r.URL.Query()
	switch source := r.Header.Get("X-Amz-Copy-Source"); r.Method {
	case http.MethodHead:
		return "HeadObject"
	case http.MethodGet:
		switch {
		case q.Has("policy"):
			return "GetBucketPolicy"
		case q.Has("uploads"):
			return "ListMultipartUploads"
		case key == "" && q.Get("list-type") == "2":
			return "ListObjectsV2"
		case key == "":
			return "ListObjects"
		}
		return "GetObject"
	case http.MethodPut:
		switch {
		case q.Has("uploadId") && source != "":
			return "UploadPartCopy"
		case q.Has("uploadId"):
			return "UploadPart"
		case source != "":
			return "CopyObject"
		}
		return "PutObject"
	case http.MethodDelete:
		if q.Has("uploadId") {
			return "AbortMultipartUpload"
		}
		return "DeleteObject"
	}
	switch {
	case q.Has("delete"):
		return "DeleteObjects"
	case q.Has("uploads"):
		return "CreateMultipartUpload"
	}
	return "CompleteMultipartUpload"
}

// sts serves AssumeRole.
func (s *Store) sts(w http.ResponseWriter, r *http.Request) {
	if s.NoSTS {
		refuse(w, 501, "NotImplemented")
		return
	}
	if accessKey(r) != Owner.AccessKeyID && !s.Chains {
		refuse(w, 403, "AccessDenied")
		return
	}
	if err := r.ParseForm(); err != nil {
		refuse(w, 400, "MalformedQueryString")
		return
	}
	text := r.PostForm.Get("Policy")
	if s.Resource != nil {
		text = s.Resource(text)
	}
	doc, err := policy.Parse(text, policy.Session)
	if err != nil {
		refuse(w, 400, "MalformedPolicyDocument")
		return
	}
	seconds, _ := strconv.Atoi(r.PostForm.Get("DurationSeconds"))
	life := time.Duration(seconds) * time.Second
	if s.Life != 0 {
		life = s.Life
	}
	n := len(s.sessions)
	by := &session{
		key: fmt.Sprintf("ASIAPROBETEST%07d", n), token: fmt.Sprintf("token-%d", n), policy: doc,
		expires: s.now().Add(life).UTC().Truncate(time.Second),
	}
	s.sessions[by.key], s.tokens[by.token] = by, by
	fmt.Fprintf(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>`+
		`<AccessKeyId>%s</AccessKeyId><SecretAccessKey>secret-%d</SecretAccessKey><SessionToken>%s</SessionToken>`+
		`<Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
		by.key, n, by.token, by.expires.Format(time.RFC3339))
}
