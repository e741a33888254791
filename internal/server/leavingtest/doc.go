// Package leavingtest is the table of what ends a credential, and of what does not. Each row is a change. The package
// runs a row against a running server: it makes a credential and a presigned URL, makes the change, and checks what the
// next requests are answered. It also writes the table as the section "Leaving" of docs/directory.md.
//
// The requests are plain HTTP, so the server may be a part of the test, another process, or two nodes.
package leavingtest
