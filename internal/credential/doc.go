// Package credential seals a session into an access key, a secret and a session token, and opens it again.
//
// A temporary credential is its session. The session token carries the session, encrypted and authenticated under a
// key of the [Ring]; the access key and the secret are derived from the ring and the token. Nothing is stored, so any
// node that has the ring opens what another node minted. The package owns the encoding of a session, the ring and its
// rotation, and [Secret], the type for text that must not be printed. It does not know whether the grant, the user or
// the role of a session still exists: other packages check that at each request, by the ids in the session. Long-term
// keys are not its concern.
package credential
