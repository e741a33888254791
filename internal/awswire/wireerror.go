package awswire

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
)

// WireError is an error as the client gets it. The caller chooses the code. Fields are further members of the body,
// such as BucketName.
type WireError struct {
	Code    string
	Status  int
	Message string
	Fields  map[string]string
}

// EncodeError writes an error in the service's form. S3 has a bare <Error>. S3 Control has the same element inside an
// <ErrorResponse>, with the ids outside of it. STS and IAM add a Type. The JSON protocols have the code in __type or
// in a header. If the status allows no body, such as 304, the fields become headers. EncodeError writes no checksum
// header, because SDKs fail if an error has one.
func EncodeError(w http.ResponseWriter, s *Service, e WireError, ids IDs) {
	h := w.Header()
	setIDs(h, s, ids)
	if !bodyAllowed(e.Status) {
		for name, text := range e.Fields { // such as the ETag of a 304
			h[name] = []string{text}
		}
		w.WriteHeader(e.Status)
		return
	}
	var body []byte
	switch s.Protocol {
	case JSON, RestJSON:
		h.Set("Content-Type", "application/json")
		if s.Protocol == JSON {
			version := s.JSONVersion
			if version == "" {
				version = "1.1"
			}
			h.Set("Content-Type", "application/x-amz-json-"+version)
		}
		h["x-amzn-ErrorType"] = []string{e.Code}
		body = jsonError(s.Protocol, e)
	case Query:
		h.Set("Content-Type", "text/xml")
		body = queryError(s, e, ids)
	default:
		h.Set("Content-Type", "application/xml")
		body = s3Error(s, e, ids)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(e.Status)
	_, _ = w.Write(body) // if the client is gone, nobody can be told
}

func (w *xmlWriter) errorMembers(e WireError) {
	w.leaf("Code", e.Code)
	w.leaf("Message", e.Message)
	for _, name := range slices.Sorted(maps.Keys(e.Fields)) {
		w.leaf(name, e.Fields[name])
	}
}

func s3Error(s *Service, e WireError, ids IDs) []byte {
	w := &xmlWriter{b: []byte(xmlHeader)}
	if !s.BareErrors {
		w.open("ErrorResponse")
	}
	w.open("Error")
	w.errorMembers(e)
	if !s.BareErrors {
		w.close("Error")
	}
	w.leaf("RequestId", ids.Request)
	w.leaf("HostId", ids.Host)
	if s.BareErrors {
		w.close("Error")
	} else {
		w.close("ErrorResponse")
	}
	return w.b
}

func queryError(s *Service, e WireError, ids IDs) []byte {
	w := &xmlWriter{}
	w.start("ErrorResponse", s.Namespace, "", nil, reflect.Value{})
	w.open("Error")
	side := "Sender"
	if e.Status >= http.StatusInternalServerError {
		side = "Receiver"
	}
	w.leaf("Type", side)
	w.errorMembers(e)
	w.close("Error")
	w.leaf("RequestId", ids.Request)
	w.close("ErrorResponse")
	return append(w.b, '\n')
}

func jsonError(p Protocol, e WireError) []byte {
	message := "message"
	w := &jsonWriter{b: []byte{'{'}}
	if p == JSON {
		message = "Message"
		w.str("__type")
		w.b = append(w.b, ':')
		w.str(e.Code)
	}
	field := func(name, text string) {
		if len(w.b) > 1 {
			w.b = append(w.b, ',')
		}
		w.str(name)
		w.b = append(w.b, ':')
		w.str(text)
	}
	if e.Message != "" {
		field(message, e.Message)
	}
	for _, name := range slices.Sorted(maps.Keys(e.Fields)) {
		field(name, e.Fields[name])
	}
	return append(w.b, '}')
}
