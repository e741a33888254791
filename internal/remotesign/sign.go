package remotesign

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"time"

	"latchkey/internal/awserror"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/sigv4"
)

// signed is a RemoteSignResult.
type signed struct {
	URI     string              `json:"uri"`
	Headers map[string][]string `json:"headers"`

	cache string // the value of Cache-Control
}

// describe puts what is to be signed into the record.
func (q *request) describe(d *toSign) {
	name, readOnly := d.Name()
	q.Call.Event.ReadOnly = readOnly
	maps.Copy(q.Call.Event.RequestParameters, map[string]any{
		"method": d.r.Method, "uri": fault.Clip(d.uri, maxURIRecorded), "region": d.region,
	})
	q.Call.Event.AdditionalEventData["signedOperation"] = name
	if b, key := d.Resource(q.Call); b != nil {
		arn := "arn:aws:s3:::" + b.Name
		if key == "" {
			q.Call.Touch("AWS::S3::Bucket", arn, b.Account)
		} else {
			q.Call.Touch("AWS::S3::Object", arn+"/"+key, b.Account)
		}
	}
}

// maxURIRecorded is how many bytes of the URI a record has.
const maxURIRecorded = 4 << 10

// sign signs the request with a session that is the caller's own in everything but its end and its use: it is good for
// this request only. The record is committed before.
func (q *request) sign(d *toSign) (*signed, error) {
	call := q.Call
	target, err := sigv4.TargetOf(d.r, d.r.Header.Get(contentSHA256))
	if err != nil {
		return nil, err
	}
	now := q.f.Control.Now().UTC().Truncate(time.Second)
	s := *call.Session
	s.Only = credential.OnlyFor(target)
	if end := now.Add(Lifetime); end.Before(s.Expires) {
		s.Expires = end
	}
	added := call.Event.Added()
	added.Session, added.Expires, added.SessionID = s.Name, s.Expires.Format(time.RFC3339), s.ID.String()
	if err := q.f.Control.Record(q.Context(), call); err != nil {
		return nil, err
	}
	out, err := q.signAs(d, s, now)
	if err != nil {
		call.Failed()
	}
	return out, err
}

// signAs mints the session and signs with it.
func (q *request) signAs(d *toSign, s credential.Session, now time.Time) (*signed, error) {
	c, err := q.f.Control.Ring.Mint(s)
	if err != nil {
		return nil, err
	}
	by := sigv4.Signer{AccessKeyID: c.AccessKeyID, Secret: c.Secret.Reveal(), SessionToken: c.SessionToken.Reveal(),
		Region: d.region, Time: now}
	if err := by.Sign(d.r, d.signedBesides()...); err != nil {
		return nil, err
	}
	out := &signed{URI: d.uri, Headers: maps.Clone(d.given), cache: "no-cache"}
	for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token", contentSHA256} {
		if !isGiven(d.given, name) {
			out.Headers[name] = d.r.Header.Values(name)
		}
	}
	out.Headers["Host"] = []string{d.r.Host}
	if d.isRead() {
		out.cache = "private"
	}
	return out, nil
}

// isGiven reports whether the client has sent a header, in whatever case.
func isGiven(given map[string][]string, name string) bool {
	for k := range given {
		if http.CanonicalHeaderKey(k) == name {
			return true
		}
	}
	return false
}

// Send writes the answer. A client may keep the signature of a read for a while, which is the specification's
// "private";
// the gateway judges each use of it.
func (q *request) Send(w http.ResponseWriter) error {
	body, err := marshal(q.out)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", q.out.cache)
	write(w, http.StatusOK, body)
	return nil
}

// Explain translates a failure into the words of Iceberg's REST specification.
func (q *request) Explain(err error) awserror.Error { return awserror.Of(awserror.Iceberg, err) }

// Refuse writes a failure, as an IcebergErrorResponse.
func (q *request) Refuse(w http.ResponseWriter, _ error, told awserror.Error) {
	body, err := marshal(map[string]any{
		"error": map[string]any{"message": told.Message, "type": told.Code, "code": told.Status},
	})
	if err != nil {
		body = []byte(`{}`)
	}
	switch told.Status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Bearer realm="iceberg"`)
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "1")
	}
	if q.ContentLength != 0 {
		w.Header().Set("Connection", "close") // the body may not have been read to its end
	}
	write(w, told.Status, body)
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

func write(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body)
}
