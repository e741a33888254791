package main

import (
	"errors"
	"os"

	"github.com/spf13/pflag"

	"latchkey/internal/upstreams"
)

// upstreamFlags are the settings of a single upstream, for servers that need no file for it.
type upstreamFlags struct {
	name, region, keys, profile, addressing, caFile string
	endpoints                                       []string
	flat, newBuckets                                bool
}

func (f *upstreamFlags) register(fl *pflag.FlagSet) {
	fl.StringSliceVar(&f.endpoints, "upstream-endpoint", nil,
		"the `URL` of one S3 store that this server stands in front of, instead of --upstreams (repeatable). Its keys are "+
			"LATCHKEY_UPSTREAM_ACCESS_KEY_ID and LATCHKEY_UPSTREAM_SECRET_ACCESS_KEY, or --upstream-keys, or AWS's chain")
	fl.StringVar(&f.name, "upstream-name", "store", "the upstream's `name` here")
	fl.StringVar(&f.region, "upstream-region", "us-east-1", "the region of the upstream")
	fl.StringVar(&f.keys, "upstream-keys", "", "a `file` with the upstream's keys in AWS's credentials format, mode 0600")
	fl.StringVar(&f.profile, "upstream-profile", "default", "the section of --upstream-keys")
	fl.StringVar(&f.addressing, "upstream-addressing", "path", "where requests to the upstream have the bucket: "+
		"path or virtual-host")
	fl.StringVar(&f.caFile, "upstream-ca", "", "PEM `file` with the certificates of the upstream's authorities")
	fl.BoolVar(&f.flat, "upstream-flat", false,
		"the upstream keeps keys as they are: a//b and a/../b are objects of their own")
	fl.BoolVar(&f.newBuckets, "upstream-new-buckets", false,
		"CreateBucket makes buckets in the upstream, and not in the embedded store")
}

// openUpstreams reads the upstreams of the file or the flags. It returns nil if there are none.
func (f *serveFlags) openUpstreams() (*upstreams.Config, error) {
	one := &f.upstream
	switch {
	case f.upstreams != "" && len(one.endpoints) > 0:
		return nil, errors.New("--upstreams and --upstream-endpoint: give one of them")
	case f.upstreams != "":
		return upstreams.Load(f.upstreams)
	case len(one.endpoints) == 0:
		return nil, nil
	}
	s := upstreams.Single{
		Name: one.name, Endpoints: one.endpoints, Region: one.region, File: one.keys, Profile: one.profile,
		Addressing: one.addressing, CAFile: one.caFile, Flat: one.flat, NewBuckets: one.newBuckets,
	}
	if os.Getenv("LATCHKEY_UPSTREAM_ACCESS_KEY_ID") != "" && one.keys == "" {
		s.Environment = "LATCHKEY_UPSTREAM"
	}
	c, err := s.Config()
	if err != nil {
		return nil, errors.New("--upstream-*: " + err.Error())
	}
	return c, nil
}
