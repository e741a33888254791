// Command gateway measures Latchkey in front of a store that others run, beside the store alone and beside versitygw's
// S3 proxy in front of the same store. Each round asks all three, in turns, so that a busy machine is busy for all of
// them. It prints tables for docs/performance.md; nothing passes or fails.
//
//	go run ./bench/gateway                   everything
//	go run ./bench/gateway -only small       1 KiB objects
//	go run ./bench/gateway -only large       8 and 64 MiB objects
//	go run ./bench/gateway -only memory      idle and busy connections, a large upload
//	go run ./bench/gateway -profile FOLDER   CPU profiles of Latchkey, one for each measurement
//
// The store is versitygw on a folder. The program needs versitygw, which `go install` builds into the user's cache, or
// LATCHKEY_TEST_VERSITYGW names.
package main
