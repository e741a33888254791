package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
	"latchkey/internal/upstreams"
)

func newBucket() *cobra.Command {
	cmd := newGroup("bucket", "List buckets, and register those that lie in a store")
	cmd.AddCommand(newBucketList(), newBucketAdopt())
	return cmd
}

// listedBucket is a bucket as it is printed. Account and region are empty for a bucket that is registered to no
// account.
type listedBucket struct {
	Name         string
	AccountID    string `json:"AccountId,omitempty"`
	Region       string `json:",omitempty"`
	CreationTime time.Time
	Upstream     string // that has it
	Condition    string `json:",omitempty"` // what is wrong with it in the store; empty: nothing is known
}

func newBucketList() *cobra.Command {
	var f clientFlags
	var unregistered, asJSON bool
	var upstream string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the buckets of all accounts, or those that no account has",
		Long: `List the buckets of all accounts with account and region. With --unregistered, list the buckets that lie in
the stores and that no account has: after an older database was restored, or in a store that the server stands in
front of. Only the root key of the server's first account may.`,
		Example: `  latchkey bucket list
  latchkey bucket list --unregistered --json
  latchkey bucket list --unregistered --upstream ceph`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.client()
			if err != nil {
				return err
			}
			all, away, err := c.buckets(cmd.Context(), upstream, unregistered)
			if err != nil {
				return err
			}
			for _, name := range away {
				fmt.Fprintf(cmd.ErrOrStderr(), "warning: the upstream %s does not answer; its buckets are not listed\n", name)
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(all)
			}
			return printBuckets(cmd.OutOrStdout(), all)
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&unregistered, "unregistered", false, "only buckets that lie in a store and that no account has")
	cmd.Flags().StringVar(&upstream, "upstream", "", "only buckets of the upstream of this `name` (default: of all)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// buckets reads all pages of a list. away are the upstreams that do not answer.
func (c *client) buckets(
	ctx context.Context, upstream string, unregistered bool,
) (all []listedBucket, away []string, err error) {
	all = []listedBucket{}
	in := &latchkey.ListBucketsRequest{Unregistered: &unregistered, Upstream: awswire.Optional(upstream)}
	for {
		out, err := call(ctx, c, latchkey.ListBuckets, in)
		if err != nil {
			return nil, nil, err
		}
		for _, b := range out.Buckets {
			all = append(all, listedBucket{
				Name: awswire.Value(b.Name), AccountID: awswire.Value(b.AccountId), Region: awswire.Value(b.Region),
				CreationTime: wholeSeconds(b.CreationTime), Upstream: awswire.Value(b.Upstream),
				Condition: awswire.Value(b.Condition),
			})
		}
		away = out.UnavailableUpstreams
		if awswire.Value(out.NextToken) == "" {
			return all, away, nil
		}
		in.NextToken = out.NextToken
	}
}

func printBuckets(w io.Writer, all []listedBucket) error {
	var text strings.Builder
	for _, b := range all {
		fmt.Fprintf(&text, "%s  ", b.Name)
		if b.AccountID != "" {
			fmt.Fprintf(&text, "account %s, %s, ", b.AccountID, b.Region)
		}
		fmt.Fprintf(&text, "made %s", b.CreationTime.Format(time.RFC3339))
		if b.Upstream != upstreams.Embedded {
			fmt.Fprintf(&text, ", in %s", b.Upstream)
		}
		if b.Condition != "" {
			fmt.Fprintf(&text, ", %s", b.Condition)
		}
		text.WriteString("\n")
	}
	if len(all) == 0 {
		text.WriteString("no buckets\n")
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func newBucketAdopt() *cobra.Command {
	var f clientFlags
	var account, upstream string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "adopt NAME",
		Short: "Register a bucket that lies in a store to an account",
		Long: `Register a bucket that lies in a store to an account, which gets all objects that are in it. If several
upstreams have a bucket of the name, --upstream says which of them. The bucket's region is the server's, unless --region
says otherwise. Only the root key of the server's first account may.`,
		Example: `  latchkey bucket adopt lake --account 123456789012
  latchkey bucket adopt lake --account 123456789012 --upstream ceph
  latchkey bucket adopt lake --account 210987654321 --region eu-west-1 --json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return hint(fmt.Errorf("%s needs the name of one bucket", cmd.CommandPath()),
					"latchkey bucket list --unregistered shows them")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if account == "" {
				return hint(fmt.Errorf("--account is needed"), "%s %s --account 123456789012", cmd.CommandPath(), args[0])
			}
			c, err := f.client()
			if err != nil {
				return err
			}
			in := &latchkey.AdoptBucketRequest{Name: &args[0], AccountId: &account, Upstream: awswire.Optional(upstream)}
			if cmd.Flags().Changed("region") {
				in.Region = &f.region
			}
			b, err := call(cmd.Context(), c, latchkey.AdoptBucket, in)
			if err != nil {
				return err
			}
			out := struct { // as it is printed
				Name      string
				AccountID string `json:"AccountId"`
				Region    string
				Upstream  string
			}{awswire.Value(b.Name), awswire.Value(b.AccountId), awswire.Value(b.Region), awswire.Value(b.Upstream)}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(out)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "bucket %s is registered to account %s in %s\n", out.Name, out.AccountID,
				out.Region)
			return err
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&account, "account", "", "the `account` that gets the bucket, twelve digits")
	cmd.Flags().StringVar(&upstream, "upstream", "",
		"the `name` of the upstream that has the bucket (default: the only one that has it)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
