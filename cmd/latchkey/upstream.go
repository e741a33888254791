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
			all := listUpstreams(out)
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(all)
			}
			return printUpstreams(cmd.OutOrStdout(), all)
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// listedUpstream is an upstream as it is printed. Endpoints, Region and Keys are empty for the server's own store.
type listedUpstream struct {
	Name         string
	Status       string
	StatusTime   time.Time
	Reason       string   `json:",omitempty"` // why it is away
	Endpoints    []string `json:",omitempty"`
	Region       string   `json:",omitempty"`
	Flat         bool
	Keys         string `json:",omitempty"` // where they come from
	KeyProblem   string `json:",omitempty"`
	STS          string `json:",omitempty"` // the dialect of the store's token service
	NewBuckets   bool   // CreateBucket makes buckets here
	Registered   int32
	Unregistered *int32           `json:",omitempty"` // nil: nobody has looked yet
	Missing      *int32           `json:",omitempty"`
	ObservedTime *time.Time       `json:",omitempty"`
	Changes      []upstreamChange `json:",omitempty"`

	EndpointProblems []endpointProblem `json:",omitempty"`
}

// endpointProblem is an address of a store at which the last calls of the node that answers failed.
type endpointProblem struct {
	Endpoint string
	Away     bool // the node leaves it alone for a while
	Time     time.Time
	Failures int32
	Reason   string `json:",omitempty"`
}

// upstreamChange is what somebody changed in a store.
type upstreamChange struct {
	Time   time.Time
	Bucket string
	Text   string
}

func listUpstreams(out *latchkey.ListUpstreamsResponse) (all []listedUpstream) {
	for i := range out.Upstreams {
		u := &out.Upstreams[i]
		l := listedUpstream{
			Name: awswire.Value(u.Name), Status: awswire.Value(u.Status), StatusTime: wholeSeconds(u.StatusTime),
			Reason: awswire.Value(u.Reason), Endpoints: u.Endpoints, Region: awswire.Value(u.Region),
			Flat: awswire.Value(u.Flat), Keys: awswire.Value(u.KeySource), KeyProblem: awswire.Value(u.KeyProblem),
			STS: awswire.Value(u.Vending), NewBuckets: awswire.Value(u.Name) == awswire.Value(out.NewBuckets),
			Registered: awswire.Value(u.RegisteredBuckets), Unregistered: u.UnregisteredBuckets,
			Missing: u.MissingBuckets,
		}
		if u.ObservedTime != nil {
			l.ObservedTime = new(wholeSeconds(u.ObservedTime))
		}
		for _, e := range u.EndpointProblems {
			l.EndpointProblems = append(l.EndpointProblems, endpointProblem{awswire.Value(e.Endpoint),
				awswire.Value(e.Away), wholeSeconds(e.Time), awswire.Value(e.Failures), awswire.Value(e.Reason)})
		}
		for _, x := range u.Changes {
			l.Changes = append(l.Changes, upstreamChange{wholeSeconds(x.Time), awswire.Value(x.Bucket), awswire.Value(x.Text)})
		}
		all = append(all, l)
	}
	return all
}

func printUpstreams(w io.Writer, all []listedUpstream) error {
	var text strings.Builder
	for i := range all {
		printUpstream(&text, &all[i])
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func printUpstream(w io.Writer, u *listedUpstream) {
	fmt.Fprintf(w, "%s  %s since %s, %d buckets registered", u.Name, u.Status, u.StatusTime.Format(time.RFC3339),
		u.Registered)
	if u.ObservedTime != nil {
		fmt.Fprintf(w, ", %d unregistered, %d missing", awswire.Value(u.Unregistered), awswire.Value(u.Missing))
	}
	if u.NewBuckets {
		fmt.Fprint(w, ", takes new buckets")
	}
	fmt.Fprintln(w)
	if len(u.Endpoints) == 0 {
		return
	}
	kind := "path-mapped keys"
	if u.Flat {
		kind = "flat keys"
	}
	fmt.Fprintf(w, "  %s, region %s, %s\n  keys from %s\n", strings.Join(u.Endpoints, ", "), u.Region, kind, u.Keys)
	for _, text := range []string{u.Reason, u.KeyProblem} {
		if text != "" {
			fmt.Fprintf(w, "  %s\n", text)
		}
	}
	for _, e := range u.EndpointProblems {
		verdict := "still used"
		if e.Away {
			verdict = "left alone"
		}
		fmt.Fprintf(w, "  %s: %d calls in a row failed since %s, %s: %s\n", e.Endpoint, e.Failures,
			e.Time.Format(time.RFC3339), verdict, e.Reason)
	}
	for _, x := range u.Changes {
		fmt.Fprintf(w, "  %s  %s: %s\n", x.Time.Format(time.RFC3339), x.Bucket, x.Text)
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

// printedCheck is a check as it is printed.
type printedCheck struct {
	Name         string
	Bucket       string `json:",omitempty"` // empty: it is about the store itself
	Outcome      string
	Text         string `json:",omitempty"`
	Milliseconds int32
}

// printChecks prints checks. It fails if one of them has the outcome bad.
func printChecks(w io.Writer, checks []latchkey.StoreCheck, asJSON bool, bad stores.Outcome) error {
	found := 0
	all := []printedCheck{}
	var text strings.Builder
	for _, x := range checks {
		c := printedCheck{awswire.Value(x.Name), awswire.Value(x.Bucket), awswire.Value(x.Outcome), awswire.Value(x.Text),
			awswire.Value(x.Milliseconds)}
		all = append(all, c)
		if c.Outcome == string(bad) {
			found++
		}
		fmt.Fprintf(&text, "%-8s %s", c.Outcome, c.Name)
		if c.Bucket != "" {
			fmt.Fprintf(&text, " (%s)", c.Bucket)
		}
		if c.Text != "" {
			fmt.Fprintf(&text, ": %s", c.Text)
		}
		fmt.Fprintf(&text, " [%d ms]\n", c.Milliseconds)
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
