package login

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Agent answers the SDKs of this machine that look for container credentials (AWS_CONTAINER_CREDENTIALS_FULL_URI). It
// has one path for each access request. It renews credentials ahead of time, so that SDKs need not wait.
//
// Every program of this machine can reach the agent, and every page in a browser can try to. So the agent answers only
// requests that carry its token and its own host name, and none that a page sent.
type Agent struct {
	token    [sha256.Size]byte
	host     string // its own address, host:port
	vendor   *Vendor
	requests map[string]*cachedCredentials // by path
}

// cachedCredentials is what the agent has for one path.
type cachedCredentials struct {
	want        AccessRequest
	mu          sync.Mutex
	credentials *Credentials
}

// NewToken returns a fresh token of 256 bits for the Authorization header.
func NewToken() string { return rand.Text() + rand.Text() }

// ListenLoopback listens on a loopback address of this machine. It refuses any other address, because the protocol has
// no TLS.
func ListenLoopback(ctx context.Context, address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || !isLoopback(host) {
		return nil, fmt.Errorf("%q is not on this machine: credentials go without TLS here, "+
			"so it must be a loopback address such as 127.0.0.1:0", Printable(address))
	}
	if host == "localhost" { // a name service could resolve it to another machine
		host = "127.0.0.1"
	}
	var lc net.ListenConfig
	return lc.Listen(ctx, "tcp", net.JoinHostPort(host, port))
}

// NewAgent makes an agent that is reached at an address with a token, and that serves the access requests by their
// paths.
func NewAgent(v *Vendor, at net.Addr, token string, requests map[string]AccessRequest) *Agent {
	a := &Agent{
		token:    sha256.Sum256([]byte(token)),
		host:     at.String(),
		vendor:   v,
		requests: map[string]*cachedCredentials{},
	}
	for path, w := range requests {
		a.requests[path] = &cachedCredentials{want: w}
	}
	return a
}

// ServeHTTP answers one request.
func (a *Agent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	given := sha256.Sum256([]byte(r.Header.Get("Authorization")))
	want := a.requests[r.URL.EscapedPath()]
	switch {
	case !a.isOwnHost(r.Host):
		// A page can make its own host name resolve to this machine (DNS rebinding). Its requests then carry that name.
		writeRefusal(w, http.StatusForbidden, "AccessDenied", "this address is answered by its own name only")
	case r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "":
		writeRefusal(w, http.StatusForbidden, "AccessDenied", "pages get no credentials")
	case subtle.ConstantTimeCompare(given[:], a.token[:]) != 1:
		writeRefusal(w, http.StatusUnauthorized, "AccessDenied",
			"the Authorization header must hold the token that the agent printed")
	case r.Method != http.MethodGet:
		h.Set("Allow", http.MethodGet)
		writeRefusal(w, http.StatusMethodNotAllowed, "MethodNotAllowed", "credentials are asked for with GET")
	case want == nil:
		writeRefusal(w, http.StatusNotFound, "NotFound", "nothing is served at this path")
	default:
		a.answer(w, r, want)
	}
}

// isOwnHost reports whether a Host header names the agent itself.
func (a *Agent) isOwnHost(host string) bool {
	_, port, _ := net.SplitHostPort(a.host)
	return host == a.host || host == net.JoinHostPort("localhost", port)
}

func (a *Agent) answer(w http.ResponseWriter, r *http.Request, h *cachedCredentials) {
	l, err := a.current(r.Context(), h)
	if err != nil {
		status, code := http.StatusServiceUnavailable, "CredentialsUnavailable"
		if e, ok := errors.AsType[*Refusal](err); ok && e.Code != "" {
			status, code = http.StatusForbidden, e.Code
		}
		writeRefusal(w, status, code, err.Error())
		return
	}
	answerJSON(w, http.StatusOK, map[string]string{
		"AccessKeyId":     l.AccessKeyID,
		"SecretAccessKey": l.SecretAccessKey,
		"Token":           l.SessionToken,
		"Expiration":      l.Expires.UTC().Format(time.RFC3339),
	})
}

// current returns the credentials of a path, and renews them when that is due. If the server does not answer, it
// returns the old credentials until they expire. If the server refuses, it drops them.
func (a *Agent) current(ctx context.Context, h *cachedCredentials) (*Credentials, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := a.vendor.At.Now()
	if h.credentials != nil && now.Before(h.credentials.KeepUntil()) {
		return h.credentials, nil
	}
	l, err := a.vendor.Credentials(ctx, h.want)
	_, refused := errors.AsType[*Refusal](err)
	switch {
	case err == nil:
		h.credentials = l
	case !refused && h.credentials != nil && h.credentials.lasts(now, minLifetime):
		return h.credentials, nil
	default:
		h.credentials = nil
	}
	return l, err
}

// Prepare asks for the credentials of every path once, so that a mistake shows at the start.
func (a *Agent) Prepare(ctx context.Context) error {
	for _, h := range a.requests {
		if _, err := a.current(ctx, h); err != nil {
			return fmt.Errorf("%s: %w", h.want.Target, err)
		}
	}
	return nil
}

// Renew renews credentials ahead of time until ctx ends. An SDK that asks for credentials is told if that failed. Renew
// tries again.
func (a *Agent) Renew(ctx context.Context) {
	const pause = 30 * time.Second
	for {
		next := a.vendor.At.Now().Add(time.Hour)
		for _, h := range a.requests {
			h.mu.Lock()
			l := h.credentials
			h.mu.Unlock()
			at := a.vendor.At.Now().Add(pause)
			if l != nil && l.KeepUntil().After(at) {
				at = l.KeepUntil()
			}
			if at.Before(next) {
				next = at
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(next.Sub(a.vendor.At.Now())):
		}
		for _, h := range a.requests {
			_, _ = a.current(ctx, h)
		}
	}
}

func writeRefusal(w http.ResponseWriter, status int, code, message string) {
	answerJSON(w, status, map[string]string{"code": code, "message": strings.TrimSpace(Printable(message))})
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "the answer cannot be shown", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // if the client is gone, nobody reads the answer
}
