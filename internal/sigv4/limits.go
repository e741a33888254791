package sigv4

import "time"

// Limits on what a request may cost before the server knows who sent it.
const (
	maxHeaderBytes   = 64 << 10 // names and values of all headers
	maxQueryBytes    = 64 << 10
	maxQueryParams   = 1000
	maxSignedHeaders = 256
	maxAuthorization = 16 << 10
	maxAccessKeyID   = 128
	maxTokenBytes    = 16 << 10
	maxScopePart     = 64 // a region, a service

	maxPresignExpiry = 7 * 24 * time.Hour

	maxChunkHeader = 128      // bytes of the line before a chunk
	maxTrailer     = 16 << 10 // bytes of all lines after the last chunk
)

// Options are the limits that a server may choose. The zero value has AWS's limits.
type Options struct {
	// Keys keeps derived signing keys between requests. If it is nil, each request derives its key.
	Keys *KeyCache
	// MaxSkew is how far a request's time may differ from the server's. Zero means 15 minutes.
	MaxSkew time.Duration
	// MaxChunk is the largest signed chunk in bytes. A chunk stays in memory until its signature is checked. Zero means
	// 16 MiB.
	MaxChunk int64
	// MaxBuffered is the largest body in bytes whose hash is signed but not in a header, as services other than S3 have
	// it. Such a body stays in memory. Zero means 1 MiB.
	MaxBuffered int64
}

func (o Options) withDefaults() Options {
	if o.MaxSkew == 0 {
		o.MaxSkew = 15 * time.Minute
	}
	if o.MaxChunk == 0 {
		o.MaxChunk = 16 << 20
	}
	if o.MaxBuffered == 0 {
		o.MaxBuffered = 1 << 20
	}
	return o
}
