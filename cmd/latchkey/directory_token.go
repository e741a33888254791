package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
)

// newDirectoryToken groups the commands for the bearer tokens of provisioning clients.
func newDirectoryToken() *cobra.Command {
	cmd := newGroup("token", "Manage the tokens of identity providers that provision by SCIM")
	cmd.AddCommand(newTokenCreate(), newTokenList(), newTokenDelete())
	return cmd
}

func newTokenCreate() *cobra.Command {
	var f clientFlags
	var life time.Duration
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make a token and print it, once, with the endpoint's URL",
		Long: `Make a token and print it, once, with the URL of the SCIM endpoint: the two things that Microsoft Entra ID,
Okta and other identity providers ask for. An account has at most two tokens at a time: one in use, and the next.`,
		Example: `  latchkey directory token create
  latchkey directory token create --duration 2160h --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.client()
			if err != nil {
				return err
			}
			if life < time.Second {
				return fmt.Errorf("--duration %v: it must be 1s or more", life)
			}
			seconds := min(int64(life/time.Second), math.MaxInt32) // the server refuses what is too long
			made, err := call(cmd.Context(), c, latchkey.CreateProvisioningToken,
				&latchkey.CreateProvisioningTokenRequest{DurationSeconds: new(int32(seconds))})
			if err != nil {
				return err
			}
			endpoint, err := url.JoinPath(c.url, "scim/v2")
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(struct {
					TokenID        string `json:"TokenId"`
					Token          string
					ExpirationTime time.Time
					Endpoint       string
				}{awswire.Value(made.TokenId), awswire.Value(made.Token), wholeSeconds(made.ExpirationTime), endpoint})
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "SCIM endpoint %s\ntoken %s, shown this once, until %s:\n  %s\n",
				endpoint, awswire.Value(made.TokenId), wholeSeconds(made.ExpirationTime).Format(time.RFC3339),
				awswire.Value(made.Token))
			return err
		},
	}
	f.add(cmd)
	cmd.Flags().DurationVar(&life, "duration", 365*24*time.Hour, "how long it holds")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// wholeSeconds is a time as it is printed, in whole seconds.
func wholeSeconds(t *time.Time) time.Time { return awswire.Value(t).UTC().Truncate(time.Second) }

// listedToken is a token as it is printed.
type listedToken struct {
	TokenID        string `json:"TokenId"`
	CreatedTime    time.Time
	CreatedBy      string
	ExpirationTime time.Time
}

func newTokenList() *cobra.Command {
	var f clientFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Show the tokens, but for what is secret",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.client()
			if err != nil {
				return err
			}
			list, err := call(cmd.Context(), c, latchkey.ListProvisioningTokens, &latchkey.ListProvisioningTokensRequest{})
			if err != nil {
				return err
			}
			out := struct{ Tokens []listedToken }{[]listedToken{}}
			for _, t := range list.Tokens {
				out.Tokens = append(out.Tokens,
					listedToken{awswire.Value(t.TokenId), wholeSeconds(t.CreatedTime), awswire.Value(t.CreatedBy),
						wholeSeconds(t.ExpirationTime)})
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(out)
			}
			var text strings.Builder
			for _, t := range out.Tokens {
				state := "until"
				if time.Now().After(t.ExpirationTime) {
					state = "expired"
				}
				made, until := t.CreatedTime.Format(time.RFC3339), t.ExpirationTime.Format(time.RFC3339)
				fmt.Fprintf(&text, "%s  made %s by %s, %s %s\n", t.TokenID, made, t.CreatedBy, state, until)
			}
			if len(out.Tokens) == 0 {
				text.WriteString("no tokens\n")
			}
			_, err = io.WriteString(cmd.OutOrStdout(), text.String())
			return err
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newTokenDelete() *cobra.Command {
	var f clientFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "delete ID",
		Short:   "Delete a token: its next request is refused",
		Example: "  latchkey directory token delete 5f0c1d1e-6a39-4d3c-9a3b-0d8a2c7c1b11",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return hint(fmt.Errorf("%s needs the id of one token", cmd.CommandPath()),
					"latchkey directory token list shows them")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := f.client()
			if err != nil {
				return err
			}
			if _, err := call(cmd.Context(), c, latchkey.DeleteProvisioningToken,
				&latchkey.DeleteProvisioningTokenRequest{TokenId: &args[0]}); err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]string{"TokenId": args[0]})
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "token %s deleted\n", args[0])
			return err
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
