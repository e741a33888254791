package login

import (
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Keys are AWS credentials. They print as their access key id only.
type Keys struct {
	AccessKeyID     string    `json:"access_key_id"`
	SecretAccessKey string    `json:"secret_access_key"`
	SessionToken    string    `json:"session_token,omitzero"`
	Expires         time.Time `json:"expires,omitzero"` // zero: never
}

// Format prints the access key id, whatever the verb.
func (k Keys) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "keys %s", k.AccessKeyID) }

// lasts reports whether the keys are valid for at least d from now.
func (k Keys) lasts(now time.Time, d time.Duration) bool {
	return k.AccessKeyID != "" && (k.Expires.IsZero() || now.Add(d).Before(k.Expires))
}

func (k Keys) aws() aws.Credentials {
	return aws.Credentials{AccessKeyID: k.AccessKeyID, SecretAccessKey: k.SecretAccessKey, SessionToken: k.SessionToken}
}

// EnvironmentKeys returns the keys of an IAM user or role in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
// AWS_SESSION_TOKEN. It returns false when either of the first two is empty.
func EnvironmentKeys() (Keys, bool) {
	k := Keys{
		AccessKeyID:     os.Getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    os.Getenv("AWS_SESSION_TOKEN"),
	}
	return k, k.AccessKeyID != "" && k.SecretAccessKey != ""
}
