// Package e2e holds the whole of Latchkey to its promises: the program as it is built, over the wire, with the
// clients that people have.
//
// It owns the tests that need a running system: the walk through the S3 user guide with every client, the
// numbered cases of the Access Grants API, the attacks, and what a killed process must have kept. What one
// package does by itself is tested beside it.
//
// The numbers in the names of tests and subtests have their key in docs/cases. A number without a line, and a line
// without a test, fail the tests of tools/cases.
//
// The tests read as scripts with actors: an account registers a location and grants alice a prefix; alice asks
// for access; what she was given may read this and may not read that.
package e2e
