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
)

func newBucket() *cobra.Command {
	cmd := newGroup("bucket", "List buckets, and register those that lie in the store")
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
}

func newBucketList() *cobra.Command {
	var f clientFlags
	var unregistered, asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the buckets of all accounts, or those that no account has",
		Long: `List the buckets of all accounts with account and region. With --unregistered, list the buckets that lie in
the store and that no account has: after an older database was restored, for example. Only the root key of the
server's first account may.`,
		Example: `  latchkey bucket list
  latchkey bucket list --unregistered --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.client()
			if err != nil {
				return err
			}
			all, err := c.buckets(cmd.Context(), unregistered)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(all)
			}
			return printBuckets(cmd.OutOrStdout(), all)
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&unregistered, "unregistered", false, "only buckets that lie in the store and that no account has")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// buckets reads all pages of a list.
func (c *client) buckets(ctx context.Context, unregistered bool) ([]listedBucket, error) {
	all, in := []listedBucket{}, &latchkey.ListBucketsRequest{Unregistered: &unregistered}
	for {
		out, err := call(ctx, c, latchkey.ListBuckets, in)
		if err != nil {
			return nil, err
		}
		for _, b := range out.Buckets {
			all = append(all, listedBucket{awswire.Value(b.Name), awswire.Value(b.AccountId), awswire.Value(b.Region),
				wholeSeconds(b.CreationTime)})
		}
		if awswire.Value(out.NextToken) == "" {
			return all, nil
		}
		in.NextToken = out.NextToken
	}
}

func printBuckets(w io.Writer, all []listedBucket) error {
	var text strings.Builder
	for _, b := range all {
		if b.AccountID == "" {
			fmt.Fprintf(&text, "%s  made %s\n", b.Name, b.CreationTime.Format(time.RFC3339))
		} else {
			fmt.Fprintf(&text, "%s  account %s, %s, made %s\n", b.Name, b.AccountID, b.Region,
				b.CreationTime.Format(time.RFC3339))
		}
	}
	if len(all) == 0 {
		text.WriteString("no buckets\n")
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func newBucketAdopt() *cobra.Command {
	var f clientFlags
	var account string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "adopt NAME",
		Short: "Register a bucket that lies in the store to an account",
		Long: `Register a bucket that lies in the store to an account, which gets all objects that are in it. The bucket's
region is the server's, unless --region says otherwise. Only the root key of the server's first account may.`,
		Example: `  latchkey bucket adopt lake --account 123456789012
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
			in := &latchkey.AdoptBucketRequest{Name: &args[0], AccountId: &account}
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
			}{awswire.Value(b.Name), awswire.Value(b.AccountId), awswire.Value(b.Region)}
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
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
