package gateway

import (
	"net"
	"net/http"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/fault"
)

// path is the request's path in its escaped form with the bucket as its first segment, whether the client put the
// bucket into the path or into the host name. The bytes that follow are the key. The operation's router decodes them
// once. No code here or later normalises the key.
func (g *Gateway) path(r *http.Request) (string, error) {
	escaped := r.URL.EscapedPath()
	if escaped == "" {
		escaped = "/"
	}
	bucket, err := g.hostBucket(r.Host)
	if err != nil {
		return "", err
	}
	if bucket == "" {
		return escaped, nil
	}
	return "/" + bucket + escaped, nil
}

// hostBucket is the bucket that a host name carries as labels before one of the gateway's domains, or empty. Only the
// Host that was signed counts. X-Forwarded-Host does not.
func (g *Gateway) hostBucket(host string) (string, error) {
	label, _, ok := g.cutHost(host)
	if !ok {
		return "", nil
	}
	if err := access.CheckBucket(label); err != nil {
		return "", fault.New(fault.Invalid, fault.BucketName, "%s", err).With("BucketName", label)
	}
	return label, nil
}

// InHost reports whether a host name carries a bucket, or would if its labels were the name of one.
func (g *Gateway) InHost(host string) bool {
	_, _, ok := g.cutHost(host)
	return ok
}

// endpoint is a host without the bucket that it may carry.
func (g *Gateway) endpoint(host string) string {
	_, rest, _ := g.cutHost(host)
	return rest
}

// cutHost splits a host into the labels before one of our domains and the rest, port included. ok is false when there
// are no such labels. If one domain lies below another, the longer one counts: the shorter one would take the longer
// one's first label for a bucket.
func (g *Gateway) cutHost(host string) (label, rest string, ok bool) {
	name, port := host, ""
	if h, p, err := net.SplitHostPort(host); err == nil {
		name, port = h, ":"+p
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	limit := ""
	for _, d := range g.Domains {
		if (name == d || strings.HasSuffix(name, "."+d)) && len(d) > len(limit) {
			limit = d
		}
	}
	if limit == "" || name == limit {
		return "", host, false
	}
	return strings.TrimSuffix(name, "."+limit), limit + port, true
}
