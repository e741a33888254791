package remotesign

import (
	"errors"
	"strings"

	"latchkey/internal/audit"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/portal"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
)

// authenticate establishes the caller by the bearer token: the bearer of a session, or the access token of a person who
// signed in at this server. A session's token alone is no bearer: everybody reads it who sees a presigned URL.
func (q *request) authenticate() (*caller.Caller, error) {
	all := q.Header.Values("Authorization")
	if len(all) == 0 {
		return nil, fault.New(fault.Unauthenticated, fault.MissingAuth, "A bearer token is needed.")
	}
	kind, text, _ := strings.Cut(all[0], " ")
	text = strings.Trim(text, " ")
	if len(all) > 1 || !strings.EqualFold(kind, "Bearer") || text == "" || len(text) > credential.MaxBearer {
		return nil, fault.New(fault.Unauthenticated, fault.MissingAuth, "One bearer token is needed.")
	}
	token := credential.NewSecret(text)
	if !credential.IsBearer(text) {
		return q.person(token)
	}
	who, err := q.f.Auth.Bearer(q.Request, token, q.From)
	if ended, ok := errors.AsType[*caller.Ended](err); ok {
		q.begin(ended.Caller)
	}
	return who, err
}

// person makes a session for a person by the way that the person's own programs take, with its records.
func (q *request) person(token credential.Secret) (*caller.Caller, error) {
	snap, err := q.f.Auth.Engine.Snapshot()
	if err != nil {
		return nil, err
	}
	facts := q.f.Auth.Unsigned(q.Request, q.f.Control.Now(), q.From)
	call := q.f.Control.BeginFor(
		control.Outsider{Identity: audit.Identity{Type: "Unknown"}, Snapshot: snap, Facts: facts},
		control.Opening{Source: portal.Source, Operation: "GetRoleCredentials", ReadOnly: true})
	call.Unproven = true // until the token says whose it is
	c, err := q.f.Portal.Session(q.Context(), call, token)
	if err != nil {
		return nil, q.finish(call, err)
	}
	if err := q.f.Control.Record(q.Context(), call); err != nil {
		return nil, err
	}
	facts.AuthType, facts.SignatureVersion, facts.Service = caller.Header, caller.SignatureVersion, "s3"
	return q.openSession(c, facts)
}
