package server

import (
	"encoding/json"
	"net/http"

	"latchkey/internal/access"
	"latchkey/internal/engine"
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
}

// signInDiscovery serves DiscoveryPath. It answers alike for an account that does not exist and for one without
// sign-in.
func signInDiscovery(e *engine.Engine, c Config) http.Handler {
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
