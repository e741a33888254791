// Package probe finds out whether a store keeps the sessions that its own STS makes inside their prefix.
//
// It owns the checks, what each of them proves, and the scratch objects that they need. Each check has an outcome:
// passed, failed, skipped or pending. Nothing but passed counts as passed. A check that something is refused passes
// only if the store refuses it for lack of rights, and if the store then shows no trace of it.
//
// All scratch objects lie below one random prefix inside the location. They are removed at the end, whatever happened,
// and the report says what was removed and what was not. The probe decides nothing: package control/grants does.
package probe
