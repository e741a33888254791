package ldapsync

import (
	"errors"
	"time"

	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// leaseTerm is how long a node that died keeps others from a source.
const leaseTerm = 2 * time.Minute

// lease is the name of the lease that the node holds which synchronises the source.
func (s *Source) lease() string { return "directory-sync/" + s.key() }

// takeLease takes a source for a node. It fails with Conflict when another node is at it.
func takeLease(tx *store.Tx, s *Source, holder string) error {
	return onSource(store.TakeLease(tx, s.lease(), holder, leaseTerm), "The directory source is being synchronised")
}

// keepLease makes the lease on a source last longer. It fails with Conflict when another node has it by now.
func keepLease(tx *store.Tx, s *Source, holder string) error {
	return onSource(store.KeepLease(tx, s.lease(), holder, leaseTerm),
		"Another node has begun to synchronise the directory source")
}

// onSource words a lease that is another's for whoever asked for the run.
func onSource(err error, text string) error {
	if errors.Is(err, store.ErrLeased) {
		return fault.New(fault.Conflict, fault.Source, "%s", text).Because(err)
	}
	return err
}
