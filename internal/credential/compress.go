package credential

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
)

// formCompressed begins the form of a session that is compressed. No kind of session is encoded as this byte.
const formCompressed = 0xff

// maxPlain bounds a decompressed session in bytes.
const maxPlain = 32 << 10

// compress returns the compressed form of an encoded session. Only long sessions are compressed, because each request
// opens one. A session contains no secret, so its length may depend on its content.
func compress(plain []byte) []byte {
	var b bytes.Buffer
	b.WriteByte(formCompressed)
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		panic(err) // only for an unknown level
	}
	_, err = w.Write(plain)
	if err = errors.Join(err, w.Close()); err != nil {
		panic(err) // a bytes.Buffer takes everything
	}
	return b.Bytes()
}

// decompress returns the encoded session of a form that may be compressed.
func decompress(form []byte) ([]byte, error) {
	if len(form) == 0 || form[0] != formCompressed {
		return form, nil
	}
	plain, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(form[1:])), maxPlain+1))
	if err != nil || len(plain) > maxPlain {
		return nil, errForm
	}
	return plain, nil
}
