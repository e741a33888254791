// Package upstreamtest has the contract of package upstream as tests. Every upstream passes Run: the embedded store,
// and each upstream in front of a remote store.
//
// It owns tests, and no program imports it. The comment of package upstream says what the cases demand of an upstream.
package upstreamtest

import (
	"testing"

	"latchkey/internal/upstream"
)

// Run checks the contract. open returns an upstream. It may return the same one each time, and the upstream may have
// buckets of others: each case makes its own buckets and leaves them behind.
func Run(t *testing.T, open func(*testing.T) upstream.Upstream) { RunBut(t, nil, open) }

// RunBut is Run for an upstream whose store is known to fail some cases. faulty has the store's fault by the name of
// the case. Each of them must be the name of a case.
func RunBut(t *testing.T, faulty map[string]string, open func(*testing.T) upstream.Upstream) {
	met := 0
	defer func() {
		if met != len(faulty) {
			t.Errorf("%d of %d cases that are known to fail are cases", met, len(faulty))
		}
	}()
	for _, c := range []struct {
		name string
		run  func(*suite)
	}{
		{"an object comes back as it was put", objects},
		{"an object is replaced and deleted as a whole", replaced},
		{"parts of an object are read by ranges", ranges},
		{"conditions decide reads and writes", conditions},
		{"checksums are held to", checksums},
		{"many keys are deleted at once", deleteMany},
		{"what is not there is not found", missing},
		{"an object is copied", copies},
		{"an upload becomes an object", multipart},
		{"an upload is held to its parts", multipartRefused},
		{"a part is copied from an object", partCopies},
		{"a body that fails leaves no object", failedObjects},
		{"a body that fails leaves no part", failedParts},
		{"keys are literal bytes", literalKeys},
		{"listings are in the order of bytes", listOrder},
		{"listings are read page by page", listPages},
		{"listings roll up prefixes", listPrefixes},
		{"uploads are listed", listUploads},
		{"uploads are listed page by page", listUploadPages},
		{"a bucket is made once", bucketMade},
		{"a bucket is its creation's", bucketNonces},
		{"a bucket with objects is not deleted", bucketInUse},
		{"buckets are listed", bucketList},
		{"what is not served is refused", unserved},
		{"a call that is cancelled ends and leaves no half", cancelled},
		{"of many writers each wrote all or nothing", concurrent},
		{"of many conditional writers one wins", oneWins},
	} {
		fault, known := faulty[c.name]
		if known {
			met++
		}
		t.Run(c.name, func(t *testing.T) {
			if known {
				t.Skip(fault)
			}
			s := &suite{T: t, u: open(t)}
			s.bucket = s.newBucket()
			c.run(s)
		})
	}
}
