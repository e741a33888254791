package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
	"latchkey/internal/control/stores"
)

func newUpstream() *cobra.Command {
	cmd := newGroup("upstream", "See, test and check the stores that the server stands in front of")
	cmd.AddCommand(newUpstreamList(), newUpstreamTest(), newUpstreamBypassCheck())
	return cmd
}

func newUpstreamList() *cobra.Command {
	var f clientFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the stores, whether they answer, and what others changed in them",
		Long: `List the stores that the server stands in front of: endpoint, state and since when, where the keys come from, how
many buckets are registered, unregistered and missing, and what somebody changed in a store without the server. Only the
root key of the server's first account may.`,
		Example: `  latchkey upstream list
  latchkey upstream list --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.client()
			if err != nil {
				return err
			}
			out, err := call(cmd.Context(), c, latchkey.ListUpstreams, &latchkey.ListUpstreamsRequest{})
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(out)
			}
			return printUpstreams(cmd.OutOrStdout(), out)
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printUpstreams(w io.Writer, out *latchkey.ListUpstreamsResponse) error {
	var text strings.Builder
	for i := range out.Upstreams {
		printUpstream(&text, &out.Upstreams[i], awswire.Value(out.NewBuckets))
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func printUpstream(w io.Writer, u *latchkey.Upstream, newBuckets string) {
	name := awswire.Value(u.Name)
	fmt.Fprintf(w, "%s  %s since %s, %d buckets registered", name, awswire.Value(u.Status),
		wholeSeconds(u.StatusTime).Format(time.RFC3339), awswire.Value(u.RegisteredBuckets))
	if u.ObservedTime != nil {
		fmt.Fprintf(w, ", %d unregistered, %d missing", awswire.Value(u.UnregisteredBuckets),
			awswire.Value(u.MissingBuckets))
	}
	if name == newBuckets {
		fmt.Fprint(w, ", takes new buckets")
	}
	fmt.Fprintln(w)
	if len(u.Endpoints) == 0 {
		return
	}
	keys := "path-mapped keys"
	if awswire.Value(u.Flat) {
		keys = "flat keys"
	}
	fmt.Fprintf(w, "  %s, region %s, %s\n", strings.Join(u.Endpoints, ", "), awswire.Value(u.Region), keys)
	fmt.Fprintf(w, "  keys from %s\n", awswire.Value(u.KeySource))
	for _, text := range []*string{u.Reason, u.KeyProblem} {
		if text != nil {
			fmt.Fprintf(w, "  %s\n", *text)
		}
	}
	for _, x := range u.Changes {
		fmt.Fprintf(w, "  %s  %s: %s\n", wholeSeconds(x.Time).Format(time.RFC3339), awswire.Value(x.Bucket),
			awswire.Value(x.Text))
	}
}

// oneUpstream wants the name of an upstream.
func oneUpstream(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return hint(fmt.Errorf("%s needs the name of one upstream", cmd.CommandPath()), "latchkey upstream list shows them")
	}
	return nil
}

func newUpstreamTest() *cobra.Command {
	var f clientFlags
	var bucket string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "test NAME",
		Short: "Try what a store does",
		Long: `Try what a store does: whether it takes the signature and refuses a wrong one, its clock, listing, writing,
reading back, checksums, whether it keeps keys as they are or folds them, versioning, deleting. It writes only in the
bucket that --bucket names, under a random prefix, and removes what it wrote. What was skipped has not passed. It exits
with 1 if a check failed. Only the root key of the server's first account may.`,
		Example: `  latchkey upstream test ceph
  latchkey upstream test ceph --bucket scratch --json`,
		Args: oneUpstream,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := f.client()
			if err != nil {
				return err
			}
			out, err := call(cmd.Context(), c, latchkey.TestUpstream,
				&latchkey.TestUpstreamRequest{Name: &args[0], Bucket: awswire.Optional(bucket)})
			if err != nil {
				return err
			}
			return printChecks(cmd.OutOrStdout(), out.Checks, asJSON, stores.Failed)
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&bucket, "bucket", "", "the `bucket` of the store to write in (default: nothing is written)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newUpstreamBypassCheck() *cobra.Command {
	var f clientFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "bypass-check NAME",
		Short: "Tell whether clients can reach a store beside the server",
		Long: `Tell whether clients can reach a store beside the server: anonymous access to each registered bucket, what the
store's own policies and lists allow, and at which addresses the store answers. It changes nothing, and says what cannot
be known from the server's machine. It exits with 1 if it found a way. Only the root key of the server's first account
may.`,
		Example: `  latchkey upstream bypass-check ceph
  latchkey upstream bypass-check ceph --json`,
		Args: oneUpstream,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := f.client()
			if err != nil {
				return err
			}
			out, err := call(cmd.Context(), c, latchkey.CheckUpstreamBypass,
				&latchkey.CheckUpstreamBypassRequest{Name: &args[0]})
			if err != nil {
				return err
			}
			return printChecks(cmd.OutOrStdout(), out.Checks, asJSON, stores.Open)
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// printChecks prints checks. It fails if one of them has the outcome bad.
func printChecks(w io.Writer, all []latchkey.StoreCheck, asJSON bool, bad stores.Outcome) error {
	found := 0
	var text strings.Builder
	for _, x := range all {
		if awswire.Value(x.Outcome) == string(bad) {
			found++
		}
		name := awswire.Value(x.Name)
		if x.Bucket != nil {
			name += " (" + *x.Bucket + ")"
		}
		fmt.Fprintf(&text, "%-8s %s", awswire.Value(x.Outcome), name)
		if x.Text != nil {
			fmt.Fprintf(&text, ": %s", *x.Text)
		}
		fmt.Fprintf(&text, " [%d ms]\n", awswire.Value(x.Milliseconds))
	}
	var err error
	if asJSON {
		err = json.NewEncoder(w).Encode(all)
	} else {
		_, err = io.WriteString(w, text.String())
	}
	if err == nil && found > 0 {
		err = errors.New(plural(found, "check") + " " + string(bad))
	}
	return err
}

// plural is a number of things.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
