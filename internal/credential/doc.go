// Package credential seals a session into an access key, a secret and a session token, and opens it again.
//
// A temporary credential is its session: the token carries it, encrypted and authenticated under a key of the [Ring],
// and access key and secret are derived from ring and token. Nothing is stored, so any node that has the ring opens
// what any other minted. The package owns the form of a session, the ring and its rotation, and [Secret], the type
// for what must not be printed. It does not know whether a session still stands (its grant, its user, its role): that
// is asked elsewhere at each request, by the identities that a session carries. Long-term keys are not its matter.
package credential
