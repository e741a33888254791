// Command conformance runs versitygw's own S3 and IAM test suites against Latchkey, and keeps what came out.
//
//	conformance -lane embedded              Latchkey with its embedded store
//	conformance -lane gateway               versitygw alone, and Latchkey in front of versitygw, test by test
//	conformance -lane embedded -update      write the results that came out
//	conformance -page                       write docs/conformance.md from the results
//
// Each suite's tests are those that the suite's source calls (group-tests.go of versitygw). Each test is a run of
// `versitygw test NAME`, so that one that panics ends alone. A test that does not pass leaves its buckets behind: the
// server that it ran against is thrown away.
//
// A lane has two files. The results say for every test what came out. The differences say why a test fails: a row has a
// reason, patterns of names, and words that the failures must have. Results that are not those of the file, a failure
// without a row, a row without a failure: each of them fails the lane.
package main
