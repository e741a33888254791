package login

import (
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"latchkey/internal/awswire"
)

// Sign returns the function with which a client signs its requests, with keys and for a region.
func Sign(keys aws.Credentials, region string) func(*http.Request, *awswire.Operation, string) error {
	return func(r *http.Request, op *awswire.Operation, payloadHash string) error {
		service := op.Service.SigningName
		r.Header.Set("X-Amz-Content-Sha256", payloadHash)
		signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" })
		return signer.SignHTTP(r.Context(), keys, r, payloadHash, service, region, time.Now())
	}
}
