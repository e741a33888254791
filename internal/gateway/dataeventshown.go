package gateway

import (
	"net/http"
	"strings"

	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/events"
)

// shownHeaders are the headers of a request that its record has. No header is among them that carries a key, a token or
// what a client says about its content.
var shownHeaders = []string{
	"Range", "X-Amz-Copy-Source", "X-Amz-Copy-Source-Range", "X-Amz-Expected-Bucket-Owner", "X-Amz-Storage-Class",
	"X-Amz-Server-Side-Encryption", "X-Amz-Metadata-Directive", "X-Amz-Decoded-Content-Length",
}

// shownQuery are the parameters of a query that its record has. The parameters of a signature are not, and tokens of
// listings are not.
var shownQuery = []string{
	"prefix", "delimiter", "marker", "start-after", "max-keys", "list-type", "encoding-type", "versionId", "partNumber",
	"uploadId", "key-marker", "upload-id-marker", "version-id-marker", "part-number-marker", "max-parts", "max-uploads",
	"uploads", "delete", "versions", "tagging", "acl", "attributes", "retention", "legal-hold",
}

// shownParameters are the record's requestParameters: what the request is about, under the names of its parameters and
// headers.
func (q *request) shownParameters(touched []events.Touched) map[string]any {
	shown := map[string]any{}
	if len(touched) > 0 {
		shown["bucketName"] = touched[0].Bucket
		if touched[0].Key != "" {
			shown["key"] = touched[0].Key
		}
	}
	if q.URL.RawQuery != "" {
		query, _ := awswire.ParseQuery(q.URL.RawQuery) // without what cannot be read
		for _, name := range shownQuery {
			if v, ok := query[name]; ok && len(v) > 0 {
				shown[name] = control.Clip(v[0])
			}
		}
	}
	for _, name := range shownHeaders {
		if v := q.Header[name]; len(v) > 0 {
			shown[strings.ToLower(name)] = control.Clip(v[0])
		}
	}
	return shown
}

// shownElements are the record's responseElements: what a write made, from the headers of its answer. It is nil if
// there is nothing to tell.
func shownElements(h http.Header) (shown map[string]any) {
	for _, name := range []string{
		"x-amz-version-id", "x-amz-delete-marker", "x-amz-copy-source-version-id", "x-amz-server-side-encryption",
	} {
		if v := h[name]; len(v) > 0 {
			if shown == nil {
				shown = map[string]any{}
			}
			shown[name] = control.Clip(v[0])
		}
	}
	return shown
}
