package sigv4

import (
	"io"
	"net/http"
	"strings"
)

// end checks the last chunk and the trailer, and that nothing follows. [Body] compares the length of the content with
// the announcement.
func (c *chunkReader) end(signature string) error {
	if c.signed {
		if err := c.checkChunk(nil, signature); err != nil {
			return err
		}
	}
	if c.trailing {
		if err := c.readTrailer(); err != nil {
			return err
		}
	} else if err := c.crlf(); err != nil {
		return err
	}
	switch _, err := c.r.ReadByte(); err {
	case io.EOF:
		return io.EOF
	case nil:
		return badChunk("bytes follow the last chunk")
	default:
		return incomplete(err)
	}
}

// readTrailer reads "name:value" lines up to the empty line. A line may end in LF alone, and an empty line may
// precede the trailer's signature, because minio-go writes both.
func (c *chunkReader) readTrailer() error {
	c.trailer = http.Header{}
	if c.signed {
		c.digest.Reset()
	}
	room := maxTrailer
	blank := false
	for {
		line, err := c.line(room)
		if err != nil {
			return err
		}
		room -= len(line) + 1
		if line == "" {
			if !c.signed {
				return c.complete()
			}
			if blank {
				return badChunk("the trailer has no signature")
			}
			blank = true
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		name, value = lower(name), strings.TrimLeft(value, " \t")
		if name == hTrailerSignature {
			if !c.signed {
				return badChunk("the trailer may not be signed in this mode")
			}
			if err := c.check("AWS4-HMAC-SHA256-TRAILER\n", "", value); err != nil {
				return err
			}
			if err := c.crlf(); err != nil {
				return err
			}
			return c.complete()
		}
		if blank {
			return badChunk("the trailer goes on after its end")
		}
		if !ok || !hasName(c.names, name) {
			return badChunk("the trailer %q was not announced", name)
		}
		key := http.CanonicalHeaderKey(name)
		if _, twice := c.trailer[key]; twice {
			return badChunk("the trailer %q is present twice", name)
		}
		c.trailer[key] = []string{value}
		if c.signed {
			io.WriteString(c.digest, name+":"+value+"\n")
		}
	}
}

// complete compares the trailer with its announcement.
func (c *chunkReader) complete() error {
	for _, n := range c.names {
		if _, ok := c.trailer[http.CanonicalHeaderKey(n)]; !ok {
			return badChunk("the trailer %q is missing", n)
		}
	}
	return nil
}
