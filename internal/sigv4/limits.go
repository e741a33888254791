package sigv4

import "time"

// What a request may cost before anybody knows who sent it.
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

// Options are the limits that a server may choose. The zero value is AWS's behaviour.
type Options struct {
	// Keys keeps derived signing keys between requests; nil derives them each time.
	Keys *KeyCache
	// MaxSkew is how far a request's time may be from ours. Zero is 15 minutes.
	MaxSkew time.Duration
	// MaxChunk is the largest signed chunk in bytes: that much is held in memory until its signature is checked.
	// Zero is 16 MiB.
	MaxChunk int64
	// MaxBuffered is the largest body in bytes whose hash is signed without being named in a header, as the services
	// other than S3 do: it is held in memory. Zero is 1 MiB.
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
