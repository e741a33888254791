// Package stores starts S3 stores of others on loopback for tests: versitygw, MinIO, Ceph RGW, and a second Latchkey.
//
// tools/stores installs their programs, each into a folder of its own below Folder. What is not installed is Missing,
// with the reason, and a test that needs it skips with that reason. Every store is a process of its own: none is linked
// into Latchkey or into a test. (MinIO is under the AGPL.)
package stores
