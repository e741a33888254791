package main

import (
	"context"
	"path/filepath"

	"latchkey/e2e/stores"
)

// account is the account that versitygw's suites expect in ARNs.
const account = "000000000000"

// embedded starts a Latchkey on its embedded store.
func embedded(program string) starter {
	return func(ctx context.Context, dir string, _ suite) (*system, error) {
		s, err := stores.Latchkey(ctx, dir, stores.LatchkeyOptions{Program: program, Account: account,
			Flags: []string{"--log", "off"}})
		return systemOf(s), err
	}
}

// versitygwAlone starts versitygw, with its IAM service for the suites that need one.
func versitygwAlone(ctx context.Context, dir string, s suite) (*system, error) {
	begin := stores.Versitygw
	if s.iam {
		begin = stores.VersitygwWithIAM
	}
	store, err := begin(ctx, dir)
	if err != nil {
		return nil, err
	}
	system := systemOf(store)
	if s.iamAlone {
		system.endpoint = store.IAM // some of its tests ask the endpoint itself
	}
	return system, nil
}

func systemOf(s *stores.Store) *system {
	if s == nil {
		return nil
	}
	return &system{endpoint: s.Endpoint, iam: s.IAM, access: s.AccessKey, secret: s.SecretKey, stop: s.Stop}
}

// inFrontOfVersitygw starts versitygw and a Latchkey in front of it.
func inFrontOfVersitygw(program string) starter {
	return func(ctx context.Context, dir string, _ suite) (*system, error) {
		upstream, err := stores.Versitygw(ctx, filepath.Join(dir, "upstream"))
		if err != nil {
			return nil, err
		}
		s, err := stores.InFront(ctx, dir, stores.LatchkeyOptions{Program: program, Account: account,
			Flags: []string{"--log", "off"}}, upstream)
		if err != nil {
			upstream.Stop()
		}
		return systemOf(s), err
	}
}
