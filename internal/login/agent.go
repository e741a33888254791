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

// Agent answers the SDKs of this machine that look for container credentials (AWS_CONTAINER_CREDENTIALS_FULL_URI):
// one path for each thing that credentials are wanted for. It asks ahead of time, so that SDKs need not wait.
//
// Every program of this machine can reach it, and every page that a browser shows can try to: it answers to who knows
// the token alone, to no name but its own, and to no page.
type Agent struct {
	token  [sha256.Size]byte
	host   string // its own address, host:port
	vendor *Vendor
	wants  map[string]*cachedLease // by path
}

// cachedLease is what the agent holds for one path.
type cachedLease struct {
	want  Want
	mu    sync.Mutex
	lease *Lease
}

// NewToken is a fresh token of 256 bits for the Authorization header.
func NewToken() string { return rand.Text() + rand.Text() }

// ListenLoopback listens on this machine alone: any other address is refused, because the protocol has no TLS.
func ListenLoopback(ctx context.Context, address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || !isLoopback(host) {
		return nil, fmt.Errorf("%q is not on this machine: credentials go without TLS here, "+
			"so it must be a loopback address such as 127.0.0.1:0", Printable(address))
	}
	if host == "localhost" { // which a name service could lead elsewhere
		host = "127.0.0.1"
	}
	var lc net.ListenConfig
	return lc.Listen(ctx, "tcp", net.JoinHostPort(host, port))
}

// NewAgent is an agent that is reached at this address with this token, and has credentials for wants, by their path.
func NewAgent(v *Vendor, at net.Addr, token string, wants map[string]Want) *Agent {
	a := &Agent{token: sha256.Sum256([]byte(token)), host: at.String(), vendor: v, wants: map[string]*cachedLease{}}
	for path, w := range wants {
		a.wants[path] = &cachedLease{want: w}
	}
	return a
}

// ServeHTTP answers one request.
func (a *Agent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	given := sha256.Sum256([]byte(r.Header.Get("Authorization")))
	want := a.wants[r.URL.EscapedPath()]
	switch {
	case !a.named(r.Host):
		// A page whose name was made to lead here (DNS rebinding) says its own name.
		sayNo(w, http.StatusForbidden, "AccessDenied", "this address is answered by its own name only")
	case r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "":
		sayNo(w, http.StatusForbidden, "AccessDenied", "pages get no credentials")
	case subtle.ConstantTimeCompare(given[:], a.token[:]) != 1:
		sayNo(w, http.StatusUnauthorized, "AccessDenied",
			"the Authorization header must hold the token that the agent printed")
	case r.Method != http.MethodGet:
		h.Set("Allow", http.MethodGet)
		sayNo(w, http.StatusMethodNotAllowed, "MethodNotAllowed", "credentials are asked for with GET")
	case want == nil:
		sayNo(w, http.StatusNotFound, "NotFound", "nothing is served at this path")
	default:
		a.answer(w, r, want)
	}
}

// named reports whether a Host header is the agent's own name.
func (a *Agent) named(host string) bool {
	_, port, _ := net.SplitHostPort(a.host)
	return host == a.host || host == net.JoinHostPort("localhost", port)
}

func (a *Agent) answer(w http.ResponseWriter, r *http.Request, h *cachedLease) {
	l, err := a.current(r.Context(), h)
	if err != nil {
		status, code := http.StatusServiceUnavailable, "CredentialsUnavailable"
		if e, ok := errors.AsType[*Refusal](err); ok && e.Code != "" {
			status, code = http.StatusForbidden, e.Code
		}
		sayNo(w, status, code, err.Error())
		return
	}
	answerJSON(w, http.StatusOK, map[string]string{
		"AccessKeyId":     l.AccessKeyID,
		"SecretAccessKey": l.SecretAccessKey,
		"Token":           l.SessionToken,
		"Expiration":      l.Expires.UTC().Format(time.RFC3339),
	})
}

// current is the lease that is held, renewed when it is time. When nobody answers, the one that is held is given out
// until its end; what is refused is not held any more.
func (a *Agent) current(ctx context.Context, h *cachedLease) (*Lease, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := a.vendor.At.Now()
	if h.lease != nil && now.Before(h.lease.KeepUntil()) {
		return h.lease, nil
	}
	l, err := a.vendor.Lease(ctx, h.want)
	_, refused := errors.AsType[*Refusal](err)
	switch {
	case err == nil:
		h.lease = l
	case !refused && h.lease != nil && h.lease.lasts(now, shortest):
		return h.lease, nil
	default:
		h.lease = nil
	}
	return l, err
}

// Prepare asks for everything once, so that a mistake is seen at the start.
func (a *Agent) Prepare(ctx context.Context) error {
	for _, h := range a.wants {
		if _, err := a.current(ctx, h); err != nil {
			return fmt.Errorf("%s: %w", h.want.Target, err)
		}
	}
	return nil
}

// Renew asks ahead of time until ctx ends. That it failed is told to who asks for the credentials; it is tried again.
func (a *Agent) Renew(ctx context.Context) {
	const pause = 30 * time.Second
	for {
		next := a.vendor.At.Now().Add(time.Hour)
		for _, h := range a.wants {
			h.mu.Lock()
			l := h.lease
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
		for _, h := range a.wants {
			_, _ = a.current(ctx, h)
		}
	}
}

func sayNo(w http.ResponseWriter, status int, code, message string) {
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
	_, _ = w.Write(body) // the client is gone: nothing is left to tell it
}
