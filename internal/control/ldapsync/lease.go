package ldapsync

import (
	"errors"
	"time"

	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// leaseTerm is how long the lease of a node that died excludes other nodes from a source.
const leaseTerm = 2 * time.Minute

// lease names the lease of the node that synchronises the source.
func (s *Source) lease() string { return "directory-sync/" + s.key() }

// takeLease takes the lease of a source for a node. It fails with Conflict when another node has it.
func takeLease(tx *store.Tx, s *Source, holder string) error {
	return onSource(store.TakeLease(tx, s.lease(), holder, leaseTerm), "The directory source is being synchronised")
}

// renewLease extends the lease on a source. It fails with Conflict when another node has it by now.
func renewLease(tx *store.Tx, s *Source, holder string) error {
	return onSource(store.KeepLease(tx, s.lease(), holder, leaseTerm),
		"Another node has begun to synchronise the directory source")
}

// onSource turns the error for another node's lease into a fault with a text for the person who asked for the run.
func onSource(err error, text string) error {
	if errors.Is(err, store.ErrLeased) {
		return fault.New(fault.Conflict, fault.Source, "%s", text).Because(err)
	}
	return err
}
