package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// newDirectoryToken groups the bearer tokens of provisioning clients.
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
		Long: `Make a token and print it, once, with the URL of the SCIM endpoint: the two things that Microsoft Entra ID, Okta and other
identity providers ask for. An account has at most two tokens at a time: one in use, and the next.`,
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
			var out struct {
				TokenID        string `json:"TokenId"`
				Token          string
				ExpirationTime epoch
			}
			if err := c.call(cmd.Context(), "CreateProvisioningToken", map[string]any{"DurationSeconds": int64(life / time.Second)}, &out); err != nil {
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
					ExpirationTime epoch
					Endpoint       string
				}{out.TokenID, out.Token, out.ExpirationTime, endpoint})
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "SCIM endpoint %s\ntoken %s, shown this once, until %s:\n  %s\n",
				endpoint, out.TokenID, out.ExpirationTime, out.Token)
			return err
		},
	}
	f.add(cmd)
	cmd.Flags().DurationVar(&life, "duration", 365*24*time.Hour, "how long it holds")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// epoch is a time as the server's own service writes it: seconds since 1970. It is shown as RFC 3339 has it.
type epoch struct{ time.Time }

// UnmarshalJSON reads a number of seconds.
func (e *epoch) UnmarshalJSON(b []byte) error {
	var seconds float64
	err := json.Unmarshal(b, &seconds)
	e.Time = time.Unix(int64(seconds), 0).UTC()
	return err
}

// String is the time as RFC 3339 has it.
func (e epoch) String() string { return e.Format(time.RFC3339) }

// listedToken is a token as it is shown.
type listedToken struct {
	TokenID        string `json:"TokenId"`
	CreatedTime    epoch
	CreatedBy      string
	ExpirationTime epoch
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
			var out struct{ Tokens []listedToken }
			if err := c.call(cmd.Context(), "ListProvisioningTokens", map[string]any{}, &out); err != nil {
				return err
			}
			if asJSON {
				if out.Tokens == nil {
					out.Tokens = []listedToken{}
				}
				return json.NewEncoder(cmd.OutOrStdout()).Encode(out)
			}
			var text strings.Builder
			for _, t := range out.Tokens {
				state := "until"
				if time.Now().After(t.ExpirationTime.Time) {
					state = "expired"
				}
				fmt.Fprintf(&text, "%s  made %s by %s, %s %s\n", t.TokenID, t.CreatedTime, t.CreatedBy, state, t.ExpirationTime)
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
				return hint(fmt.Errorf("%s needs the id of one token", cmd.CommandPath()), "latchkey directory token list shows them")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := f.client()
			if err != nil {
				return err
			}
			if err := c.call(cmd.Context(), "DeleteProvisioningToken", map[string]any{"TokenId": args[0]}, &struct{}{}); err != nil {
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
