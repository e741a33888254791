package upstreams

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/awsapi/stsapi"
	"latchkey/internal/awswire"
	"latchkey/internal/login"
)

const (
	renewBefore = 5 * time.Minute  // how long before their end keys are renewed
	renewLimit  = 30 * time.Second // how long a renewal may take
	renewAgain  = 15 * time.Second // how long after a failure it is not tried again, while the old keys hold
)

// renewed is keys that end, and that fetch gets anew.
type renewed struct {
	fetch func(context.Context) (aws.Credentials, error)

	keys    atomic.Pointer[aws.Credentials]
	problem atomic.Pointer[string]
	stale   atomic.Bool // what the keys were got with has changed
	mu      sync.Mutex  // held by who fetches
	failed  time.Time   // when fetching failed last
}

// Retrieve returns keys that hold now. While the old keys hold, only one caller renews them, and the others get the old
// ones.
func (r *renewed) Retrieve(ctx context.Context) (aws.Credentials, error) {
	k := r.keys.Load()
	if r.fresh(k) {
		return *k, nil
	}
	if k != nil && left(k) > 0 {
		if !r.mu.TryLock() {
			return *k, nil
		}
	} else {
		r.mu.Lock()
	}
	defer r.mu.Unlock()
	if k = r.keys.Load(); r.fresh(k) || k != nil && left(k) > 0 && time.Since(r.failed) < renewAgain {
		return *k, nil
	}
	ctx, cancel := context.WithTimeout(ctx, renewLimit)
	defer cancel()
	r.stale.Store(false)
	fresh, err := r.fetch(ctx)
	if err == nil {
		err = checkKeys(fresh)
	}
	if err != nil {
		r.failed = time.Now()
		r.stale.Store(true)
		r.problem.Store(new("the keys cannot be renewed: " + err.Error()))
		if k != nil && left(k) > 0 {
			return *k, nil
		}
		return aws.Credentials{}, err
	}
	r.problem.Store(nil)
	r.keys.Store(&fresh)
	return fresh, nil
}

// left is how long keys hold.
func left(k *aws.Credentials) time.Duration {
	if !k.CanExpire {
		return renewBefore + 1
	}
	return time.Until(k.Expires)
}

// fresh reports whether keys need no renewal yet.
func (r *renewed) fresh(k *aws.Credentials) bool {
	return k != nil && left(k) > renewBefore && !r.stale.Load()
}

func (r *renewed) trouble() string {
	if text := r.problem.Load(); text != nil {
		return *text
	}
	return ""
}

// assumeRole gets the keys of a role.
func assumeRole(
	ctx context.Context, client *http.Client, source aws.CredentialsProvider, a *AssumeRole,
) (aws.Credentials, error) {
	base, err := source.Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, err
	}
	c := &awswire.Client{Endpoint: awswire.Endpoint{URL: a.Endpoint}, HTTP: client, Sign: login.Sign(base, a.Region)}
	out, err := awswire.Invoke(ctx, c, stsapi.AssumeRole, &stsapi.AssumeRoleRequest{
		RoleArn: &a.RoleARN, RoleSessionName: &a.SessionName, ExternalId: awswire.Optional(a.ExternalID),
		DurationSeconds: new(int32(a.Duration / time.Second)),
	})
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("assume the role %s: %w", a.RoleARN, err)
	}
	return given(out.Credentials)
}

// given is keys that an STS gave. They must end: else nobody would notice that they have ended.
func given(c *stsapi.Credentials) (aws.Credentials, error) {
	if c == nil || c.Expiration == nil {
		return aws.Credentials{}, errors.New("the STS answered without keys, or without their end")
	}
	return aws.Credentials{
		AccessKeyID: awswire.Value(c.AccessKeyId), SecretAccessKey: awswire.Value(c.SecretAccessKey),
		SessionToken: awswire.Value(c.SessionToken), CanExpire: true, Expires: *c.Expiration, Source: "role",
	}, nil
}
