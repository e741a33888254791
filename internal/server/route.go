package server

import (
	"encoding/json"
	"net/http"
	"strings"

	"latchkey/internal/api"
	"latchkey/internal/control/oauth"
	"latchkey/internal/pages"
	"latchkey/internal/remotesign"
	"latchkey/internal/scim"
)

// router is the handler of the one listener. It tells the server's own pages, the control plane and the gateway apart.
// It does not use http.ServeMux, which would redirect keys that contain // or /./.
type router struct {
	own    http.Handler // /healthz, /readyz, /metrics
	keys   http.Handler // KeysPath
	signIn http.Handler // DiscoveryPath
	pages  http.Handler // where people sign in
	scim   http.Handler // scim.Path
	api    *api.Front
	s3     http.Handler
	names  *names

	signing http.Handler // Iceberg's remote signing

	bucketHost func(host string) bool // whether a host name has a bucket before one of the server's names

	refused http.Handler // answers requests to be a proxy for other servers

	pageHost  string       // the host that alone has the pages; empty: every host has them
	pagesURL  string       // the origin of the pages
	moved     http.Handler // sends browsers to pageHost
	elsewhere http.Handler // answers at pageHost what is no page
}

func (t *router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodConnect, r.URL.IsAbs() && !t.names.isOwn(r.URL.Host):
		t.refused.ServeHTTP(w, r)
	case t.isPages(r.Host):
		t.servePages(w, r)
	case t.bucketHost(r.Host) && !api.InAccountHost(r):
		t.s3.ServeHTTP(w, r) // all paths of that host are the bucket's keys
	case ownPath(r.URL.Path) && !signed(r):
		t.own.ServeHTTP(w, r)
	case r.URL.Path == KeysPath && r.Method == http.MethodGet && !signed(r):
		t.keys.ServeHTTP(w, r)
	case r.URL.Path == DiscoveryPath && r.Method == http.MethodGet && !signed(r):
		t.signIn.ServeHTTP(w, r)
	case scim.Claims(r.URL.Path) && !signed(r):
		t.scim.ServeHTTP(w, r)
	case remotesign.Claims(r) && !signed(r):
		t.signing.ServeHTTP(w, r)
	case t.entersPages(r) && !signed(r):
		t.moved.ServeHTTP(w, r)
	case t.pageHost == "" && pages.Claims(r) && !signed(r):
		t.pages.ServeHTTP(w, r)
	case t.api.Claims(r):
		t.api.ServeHTTP(w, r)
	default:
		t.s3.ServeHTTP(w, r)
	}
}

// refuse answers a client that uses this server as its proxy for another server. The client can reach only this server
// through it.
func (t *router) refuse(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect {
		http.Error(w, "this server tunnels nothing", http.StatusMethodNotAllowed)
		return
	}
	http.Error(w, "this server is a proxy for its own names only; set NO_PROXY for "+r.URL.Host, http.StatusForbidden)
}

// KeysPath has the public keys that verify the identity tokens of Identity Center's OAuth service. No bucket can have
// the path's name. An object of a bucket that the host names can, and a client that signs its request gets that object.
const KeysPath = "/.well-known/jwks.json"

// keySet serves the keys, which are public.
func keySet(e *oauth.Exchange) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		body, err := json.Marshal(e.Keys())
		if err != nil {
			http.Error(w, "the keys cannot be shown", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/jwk-set+json")
		w.Header().Set("Cache-Control", "public, max-age=300")
		w.Write(body)
	})
}

func ownPath(path string) bool { return path == "/healthz" || path == "/readyz" || path == "/metrics" }

// signed reports whether a request has an AWS signature of any kind. Such a request is for AWS's services, whatever its
// path: buckets may be called healthz or metrics.
func signed(r *http.Request) bool {
	if strings.HasPrefix(r.Header.Get("Authorization"), "AWS") {
		return true
	}
	q := r.URL.RawQuery
	return strings.Contains(q, "X-Amz-Signature=") || strings.Contains(q, "X-Amz-Algorithm=") ||
		strings.Contains(q, "AWSAccessKeyId=")
}
