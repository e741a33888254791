// Package e2e tests Latchkey's promises as a whole: the program as it is built, over the wire, with the clients that
// people use.
//
// It owns the tests that need a running system: the walk through the S3 user guide with every client, the numbered
// cases of the Access Grants API, the attacks, and what must survive a killed process. Tests of a single package are in
// that package.
//
// The numbers in the names of tests and subtests have their key in docs/cases. A number without a line, and a line
// without a test, fail the tests of tools/cases.
//
// The tests read as scripts with actors: an account registers a location and grants alice a prefix; alice asks for
// access; the credentials that she gets may read this and may not read that.
package e2e
