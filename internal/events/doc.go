// Package events carries the records of requests to S3 away: into files, into a bucket, to an OpenTelemetry collector.
//
// It owns the selection of the requests that are recorded, the buffers between the requests and the sinks, and the two
// sinks that need no other program: files that rotate, and CloudTrail's layout of objects. It knows neither how a
// record is made (package control does) nor which store an object goes to (package server gives it a function).
//
// # Buffers
//
// Each sink has a buffer of its own, which is bounded in records and in bytes, so that a slow sink hinders no other. A
// sink either drops or blocks. One that drops takes no record while its buffer is full: it counts the record, and
// writes a gap record about it as soon as it can write again. One that blocks makes a request wait for room before
// anything is done for it, up to a bound; then the request is refused. Room is asked for by requests whose sender is
// known, so that nobody else can take it.
//
// A record waits in memory until its sink has written it. An orderly shutdown writes everything. A crash loses what
// waits.
package events
