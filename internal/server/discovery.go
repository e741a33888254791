package server

import (
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/engine"
	"latchkey/internal/front"
)

// DiscoveryPath is where a person's machine learns, without a signature, how people of an account sign in: GET
// /.well-known/latchkey, with ?account= for another account than the server's first. As for KeysPath, a signed request
// is for an object.
const DiscoveryPath = "/.well-known/latchkey"

// discovery is what anybody may know about how people sign in. A client id is no secret (RFC 6749, 2.2), and an ARN
// gives no access. An identity token does, and the provider gives it to the person alone.
type discovery struct {
	Account         access.AccountID `json:"account"`
	Region          string           `json:"region"`
	Issuer          string           `json:"issuer"`
	ClientID        string           `json:"client_id"`
	Scopes          []string         `json:"scopes"`
	Application     string           `json:"application_arn"`
	ApplicationRole string           `json:"application_role_arn"`
	BearerRole      string           `json:"identity_bearer_role_arn"`
	// Where people sign in, and the hosts (with a port, if it is not the usual one) of the servers to which a program may
	// bring the tokens that it gets there.
	SignInURL string   `json:"sign_in_url"`
	Servers   []string `json:"servers"`
}

// servers are the hosts by which programs know this server, with the port where it is not the scheme's.
func (s *Server) servers() (all []string) {
	for _, at := range []string{s.publicURL(), s.signInURL()} {
		if u, err := url.Parse(at); err == nil {
			all = append(all, strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(u.Host), ":443"), ":80"))
		}
	}
	for _, d := range s.Config.Domains {
		if name := front.HostName(d); name != ProxyName && name != "localhost" {
			all = append(all, name, net.JoinHostPort(name, portOf(s.listener)))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// signInDiscovery serves DiscoveryPath. It answers alike for an account that does not exist and for one without
// sign-in.
func signInDiscovery(e *engine.Engine, c Config, at string, servers []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		account := c.Account
		if q := r.URL.Query(); q.Has("account") {
			account = access.AccountID(q.Get("account"))
		}
		snap, err := e.Snapshot()
		if err != nil {
			answerJSON(w, http.StatusServiceUnavailable,
				map[string]string{"error": "temporarily_unavailable", "error_description": "the server cannot decide now"})
			return
		}
		s := snap.SignIn(account)
		if s == nil {
			answerJSON(w, http.StatusNotFound,
				map[string]string{"error": "not_set_up", "error_description": "sign-in is not set up here"})
			return
		}
		answerJSON(w, http.StatusOK, discovery{
			Account: s.Account, Region: c.Region, Issuer: s.IssuerURL, ClientID: s.ClientID, Scopes: s.Scopes,
			Application: s.Application, ApplicationRole: s.ApplicationRole, BearerRole: s.BearerRole,
			SignInURL: at, Servers: servers,
		})
	})
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "the answer cannot be shown", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(body)
}
