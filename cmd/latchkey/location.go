package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
)

func newLocationVend() *cobra.Command {
	var f clientFlags
	var mode string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "vend LOCATION",
		Short: "Set how credentials for a location are made",
		Long: `Set how credentials for a location are made. With --mode sealed, the server seals them, and they work at its
gateway, on a leash. With --mode upstream-sts, they are sessions of the store's own STS: clients go to the store
directly, and nothing but the expiry ends a session. The store must pass the probe, which runs now and takes a while; the
mode takes effect when an expired session was seen to be refused, which the server tries by itself.`,
		Example: `  latchkey location vend 5f2b3c1e-8f6a-4a7e-9d0c-2f1b6a7c8d9e --mode upstream-sts
  latchkey location vend 5f2b3c1e-8f6a-4a7e-9d0c-2f1b6a7c8d9e --mode sealed`,
		Args: oneLocation,
		RunE: func(cmd *cobra.Command, args []string) error {
			if mode == "" {
				return hint(fmt.Errorf("--mode is needed"), "%s %s --mode upstream-sts", cmd.CommandPath(), args[0])
			}
			c, err := f.client()
			if err != nil {
				return err
			}
			v, err := call(cmd.Context(), c, latchkey.PutLocationVending,
				&latchkey.PutLocationVendingRequest{LocationId: &args[0], Mode: &mode})
			if err != nil {
				return err
			}
			return printVending(cmd.OutOrStdout(), v, asJSON, false)
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&mode, "mode", "", "`sealed` or upstream-sts")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newLocationVending() *cobra.Command {
	var f clientFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "vending LOCATION",
		Short:   "Show how credentials for a location are made, and what the last probe of its store found",
		Example: `  latchkey location vending 5f2b3c1e-8f6a-4a7e-9d0c-2f1b6a7c8d9e`,
		Args:    oneLocation,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := f.client()
			if err != nil {
				return err
			}
			v, err := call(cmd.Context(), c, latchkey.GetLocationVending,
				&latchkey.GetLocationVendingRequest{LocationId: &args[0]})
			if err != nil {
				return err
			}
			return printVending(cmd.OutOrStdout(), (*latchkey.PutLocationVendingResponse)(v), asJSON, true)
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newProbe() *cobra.Command {
	var f clientFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "probe LOCATION",
		Short: "Try whether a location's store keeps sessions of its STS inside their prefix",
		Long: `Try whether a location's store keeps the sessions that its own STS makes inside their prefix. The server makes
sessions for a random prefix below the location, tries what they must and must not do, and removes its scratch objects.
A check that is skipped or pending has not passed. If the location vends sessions of the store and the store fails, the
location stops vending. The command exits with 1 unless every check passed or is pending.`,
		Example: `  latchkey probe 5f2b3c1e-8f6a-4a7e-9d0c-2f1b6a7c8d9e
  latchkey probe 5f2b3c1e-8f6a-4a7e-9d0c-2f1b6a7c8d9e --json`,
		Args: oneLocation,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := f.client()
			if err != nil {
				return err
			}
			v, err := call(cmd.Context(), c, latchkey.ProbeLocation, &latchkey.ProbeLocationRequest{LocationId: &args[0]})
			if err != nil {
				return err
			}
			out := (*latchkey.PutLocationVendingResponse)(v)
			if err := printVending(cmd.OutOrStdout(), out, asJSON, true); err != nil {
				return err
			}
			for _, check := range out.Report.Checks {
				if o := awswire.Value(check.Outcome); !awswire.Value(check.Optional) && o != "passed" && o != "pending" {
					return fmt.Errorf("the store did not pass the probe: %s %s", awswire.Value(check.Name), o)
				}
			}
			return nil
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func oneLocation(cmd *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	return hint(fmt.Errorf("%s needs the id of one location", cmd.CommandPath()),
		"aws s3control list-access-grants-locations shows them")
}

// printVending prints how a location vends and, with all, every check of the last probe.
func printVending(w io.Writer, v *latchkey.PutLocationVendingResponse, asJSON, all bool) error {
	if asJSON {
		return json.NewEncoder(inert{w}).Encode(v)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "location %s: mode %s, %s", clean(awswire.Value(v.LocationId)), awswire.Value(v.Mode),
		strings.ToLower(awswire.Value(v.State)))
	if v.Reason != nil {
		fmt.Fprintf(&b, ": %s", clean(*v.Reason))
	}
	b.WriteByte('\n')
	if v.DueTime != nil {
		fmt.Fprintf(&b, "the check that is pending is tried at %s\n", v.DueTime.Format(time.RFC3339))
	}
	if r := v.Report; r != nil {
		printProbe(&b, r, all)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func printProbe(b *strings.Builder, r *latchkey.ProbeReport, all bool) {
	counts := map[string]int{}
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, c := range r.Checks {
		outcome := awswire.Value(c.Outcome)
		counts[outcome]++
		if all {
			fmt.Fprintf(table, "%s\t%s\t%d ms\t%s\n", outcome, awswire.Value(c.Name), awswire.Value(c.Milliseconds),
				clean(awswire.Value(c.Text)))
		}
	}
	table.Flush()
	fmt.Fprintf(b, "probe of upstream %s (%s) at %s: %d passed, %d failed, %d skipped, %d pending\n",
		clean(awswire.Value(r.Upstream)), awswire.Value(r.Dialect), wholeSeconds(r.BeginTime).Format(time.RFC3339),
		counts["passed"], counts["failed"], counts["skipped"], counts["pending"])
	fmt.Fprintf(b, "scratch objects below %s: %d removed, %d left behind\n", clean(awswire.Value(r.Prefix)),
		awswire.Value(r.Removed), len(r.Left))
	if r.CleanupText != nil {
		fmt.Fprintf(b, "%s\n", clean(*r.CleanupText))
	}
}
