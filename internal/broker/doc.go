// Package broker asks a store's own token service for a session that reaches one prefix of one bucket.
//
// It owns the dialects of session policies that stores read, the compiler that writes one, the call of AssumeRole at
// the store, and what the store's answer must have before anybody gets it. It does not decide who may have a session:
// package control/grants does. It stores nothing and records nothing.
//
// A session policy can only narrow. So the compiler never sends an empty one, because a store takes an empty policy for
// none, and the session would have all rights of the server's own key. It refuses what the store's dialect cannot
// fence, instead of widening it.
package broker
