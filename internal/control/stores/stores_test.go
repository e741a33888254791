package stores_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/access"
	"latchkey/internal/bucket"
	"latchkey/internal/control/buckets"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/stores"
	"latchkey/internal/fault"
	"latchkey/internal/remote"
	"latchkey/internal/store"
	"latchkey/internal/upstreams"
)

const account = access.AccountID("123456789012")

// behind is the operator's view of a store.
func behind(t *testing.T, s *badStore, flat bool) *stores.Stores {
	t.Helper()
	file := filepath.Join(t.TempDir(), "keys")
	text := fmt.Sprintf("[default]\naws_access_key_id=%s\naws_secret_access_key=%s\n", keys.AccessKeyID,
		keys.SecretAccessKey)
	must(t, os.WriteFile(file, []byte(text), 0o600))
	c, err := (&upstreams.Single{
		Name: "bad", Endpoints: []string{s.serve(t)}, File: file, Profile: "default", Flat: flat,
	}).Config()
	must(t, err)
	c.Upstreams[0].Buckets.Only = []string{"lake"}
	set, err := upstreams.Open(c, func(
		u *upstreams.Upstream, k aws.CredentialsProvider, log *slog.Logger,
	) (upstreams.Store, error) {
		return remote.New(remote.Options{Name: u.Name, Endpoints: u.Endpoints, Credentials: k, Flat: u.Flat, Log: log})
	}, upstreams.Options{Log: slog.New(slog.DiscardHandler), Now: time.Now})
	must(t, err)
	t.Cleanup(func() { must(t, set.Close()) })
	w := controltest.New(t, controltest.Account(account))
	return &stores.Stores{
		Control: w.Control, Upstreams: set, Log: slog.New(slog.DiscardHandler),
		Buckets: &buckets.Buckets{Control: w.Control, Upstreams: set},
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// outcomes are the checks by their names.
func outcomes(t *testing.T, all []stores.Check, err error) map[string]stores.Check {
	t.Helper()
	must(t, err)
	byName := map[string]stores.Check{}
	for _, c := range all {
		byName[c.Name] = c
	}
	return byName
}

// TestAStoreIsTried makes a store wrong in one way at a time. The check for it fails, and says what it is.
func TestAStoreIsTried(t *testing.T) {
	for what, c := range map[string]struct {
		store   badStore
		flat    bool
		check   string
		outcome stores.Outcome
		says    string
	}{
		"any signature":            {badStore{takesAnySignature: true}, true, "signature", stores.Failed, "everybody"},
		"another clock":            {badStore{slow: -10 * time.Minute}, true, "clock", stores.Failed, "-10m"},
		"lost writes":              {badStore{losesWrites: true}, true, "read back", stores.Failed, "does not come back"},
		"any checksum":             {badStore{takesAnyChecksum: true}, true, "checksum", stores.Failed, "not noticed"},
		"lost checksums":           {badStore{losesChecksums: true}, true, "checksum", stores.Found, "not kept"},
		"empty listings":           {badStore{listsNothing: true}, true, "listed", stores.Failed, "not listed"},
		"listings with others":     {badStore{listsOthers: true}, true, "listed", stores.Failed, "has"},
		"paths, called flat":       {badStore{folds: asPaths}, true, "keys", stores.Failed, "set flat: false"},
		"small letters":            {badStore{folds: strings.ToLower}, true, "keys", stores.Failed, "capital letters"},
		"paths, called paths":      {badStore{folds: asPaths}, false, "keys", stores.Passed, "a//b is a/b"},
		"flat, called paths":       {badStore{}, false, "keys", stores.Found, "flat: true"},
		"flat, called flat":        {badStore{}, true, "keys", stores.Passed, "flat"},
		"nothing is deleted":       {badStore{keepsDeleted: true}, true, "delete", stores.Failed, "after it was deleted"},
		"what is left over":        {badStore{keepsDeleted: true}, true, "clean up", stores.Failed, "are left under"},
		"no right to list buckets": {badStore{unlisted: true}, true, "list buckets", stores.Found, "may not list"},
		"versioning":               {badStore{versioning: "Enabled"}, true, "versioning", stores.Found, "Enabled"},
	} {
		t.Run(what, func(t *testing.T) {
			s := behind(t, &c.store, c.flat)
			c.store.objects["of/somebody"] = stored{content: "x"}
			all, err := s.Test(t.Context(), "bad", "lake")
			got := outcomes(t, all, err)
			if x := got[c.check]; x.Outcome != c.outcome || !strings.Contains(x.Text, c.says) {
				t.Errorf("%s is %s: %s", c.check, x.Outcome, x.Text)
			}
			if len(got) != 12 {
				t.Errorf("%d checks", len(got))
			}
			if _, ok := c.store.objects["of/somebody"]; !ok || !c.store.keepsDeleted && len(c.store.objects) != 1 {
				t.Errorf("it left or took something: %v", c.store.objects)
			}
		})
	}
}

func TestAGoodStorePasses(t *testing.T) {
	s := behind(t, &badStore{}, true)
	all, err := s.Test(t.Context(), "bad", "lake")
	for name, c := range outcomes(t, all, err) {
		if c.Outcome != stores.Passed && name != "versioning" {
			t.Errorf("%s is %s: %s", name, c.Outcome, c.Text)
		}
	}
	all, err = s.Test(t.Context(), "bad", "")
	for name, c := range outcomes(t, all, err) {
		writes := name != "signature" && name != "clock" && name != "list buckets"
		if (c.Outcome == stores.Skipped) != writes {
			t.Errorf("without a bucket, %s is %s: %s", name, c.Outcome, c.Text)
		}
	}
	if _, err := s.Test(t.Context(), "bad", "pond"); !fault.Is(err, fault.Invalid, fault.BucketName) {
		t.Errorf("a bucket that is not served: %v", err)
	}
	for _, name := range []string{"none", upstreams.Embedded} {
		if _, err := s.Test(t.Context(), name, ""); fault.Of(err) == nil || fault.Of(err).Entity != fault.Upstream {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAttack42_WaysPastTheServer opens a store in one way at a time.
func TestAttack42_WaysPastTheServer(t *testing.T) {
	grant := func(who string) string {
		return "<AccessControlPolicy><Grant>owner</Grant><Grant>" + who + "</Grant></AccessControlPolicy>"
	}
	for what, c := range map[string]struct {
		store   badStore
		check   string
		outcome stores.Outcome
	}{
		"closed to strangers":          {badStore{}, "anonymous listing", stores.Passed},
		"open to strangers":            {badStore{public: true}, "anonymous listing", stores.Open},
		"objects closed to strangers":  {badStore{}, "anonymous reading", stores.Passed},
		"objects open to strangers":    {badStore{public: true}, "anonymous reading", stores.Open},
		"buckets shown to strangers":   {badStore{public: true}, "anonymous list of buckets", stores.Open},
		"no policy":                    {badStore{}, "bucket policy", stores.Passed},
		"a policy for all":             {badStore{policy: `{"Principal":"*"}`}, "bucket policy", stores.Open},
		"a policy for some":            {badStore{policy: `{"Principal":"x"}`}, "bucket policy", stores.Found},
		"a list that is not there":     {badStore{}, "access control list", stores.Unknown},
		"a list for the owner":         {badStore{acl: "<Grant>owner</Grant>"}, "access control list", stores.Passed},
		"a list for some":              {badStore{acl: grant("x")}, "access control list", stores.Found},
		"a list for all":               {badStore{acl: grant("groups/global/AllUsers")}, "access control list", stores.Open},
		"public access can be given":   {badStore{}, "public access block", stores.Found},
		"public access is blocked":     {badStore{blocks: true}, "public access block", stores.Passed},
		"who has keys":                 {badStore{}, "other keys", stores.Unknown},
		"who reaches the store's port": {badStore{}, "other networks", stores.Unknown},
	} {
		t.Run(what, func(t *testing.T) {
			s := behind(t, &c.store, true)
			c.store.objects["a key/ä"] = stored{content: "x"}
			_, err := s.Control.DB.Update(t.Context(), func(tx *store.Tx) error {
				return store.Buckets.Insert(tx, &bucket.Bucket{Name: "lake", Account: account, Upstream: "bad"})
			})
			must(t, err)
			all, err := s.Bypass(t.Context(), "bad")
			got := outcomes(t, all, err)
			if x := got[c.check]; x.Outcome != c.outcome {
				t.Errorf("%s is %q: %s", c.check, x.Outcome, x.Text)
			}
			loopback := 0
			for _, x := range all {
				if strings.HasPrefix(x.Name, "address 127.0.0.1") && x.Outcome == stores.Passed {
					loopback++
				}
			}
			if loopback != 1 {
				t.Errorf("its address is not among %+v", all)
			}
		})
	}
}
