package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
)

// printedBlock and printedBinding are what the server answers, as it is printed.
type printedBlock struct {
	Source string
	By     string `json:",omitempty"`
	Since  string `json:",omitempty"`
}

type printedBinding struct{ IssuerURL, Subject, BoundTime string }

func printedTime(t *time.Time) string {
	if t == nil {
		return ""
	}
	return wholeSeconds(t).Format(time.RFC3339)
}

func printedBindings(all []latchkey.Binding) []printedBinding {
	out := []printedBinding{}
	for _, b := range all {
		out = append(out,
			printedBinding{awswire.Value(b.IssuerUrl), awswire.Value(b.Subject), printedTime(b.BoundTime)})
	}
	return out
}

func newUserShow() *cobra.Command {
	var f clientFlags
	var who userFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Show which sources disable a user, and who the user is at OpenID providers",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := who.client(&f)
			if err != nil {
				return err
			}
			u, err := call(cmd.Context(), c, latchkey.GetUserIdentity, &latchkey.GetUserIdentityRequest{
				UserName: awswire.Optional(who.name), UserId: awswire.Optional(who.id),
			})
			if err != nil {
				return err
			}
			out := struct {
				UserID     string `json:"UserId"`
				UserName   string
				UserStatus string
				DisabledBy []printedBlock
				Bindings   []printedBinding
			}{
				awswire.Value(u.UserId), awswire.Value(u.UserName), awswire.Value(u.UserStatus), []printedBlock{},
				printedBindings(u.Bindings),
			}
			for _, b := range u.DisabledBy {
				out.DisabledBy = append(out.DisabledBy,
					printedBlock{awswire.Value(b.Source), awswire.Value(b.By), printedTime(b.Since)})
			}
			var text strings.Builder
			fmt.Fprintf(&text, "user %s (%s) is %s\n", clean(out.UserName), out.UserID, strings.ToLower(out.UserStatus))
			for _, b := range out.DisabledBy {
				fmt.Fprintf(&text, "  disabled by %s", clean(b.Source))
				if b.Since != "" {
					fmt.Fprintf(&text, " since %s, %s", b.Since, clean(b.By))
				}
				text.WriteString("\n")
			}
			for _, b := range out.Bindings {
				fmt.Fprintf(&text, "  is %s at %s since %s\n", clean(b.Subject), clean(b.IssuerURL), b.BoundTime)
			}
			return printResult(cmd, asJSON, out, text.String())
		},
	}
	f.add(cmd)
	who.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newUserUnbind() *cobra.Command {
	var f clientFlags
	var who userFlags
	var issuer string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "unbind",
		Short: "Let the next token that names a user say who the user is at its OpenID provider",
		Long: `Let the next token that names a user say who the user is at its OpenID provider.

The first token that names a user by the configured claim, such as the e-mail address, binds the token's subject to the
user. No other subject of the issuer is the user from then on, even if it has the address by now. Unbind a user whose
provider made a new account for the same person. Make sure that it is the same person.`,
		Example: `  latchkey directory user unbind --user alice@example.org --issuer https://login.example.org`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := who.client(&f)
			if err != nil {
				return err
			}
			u, err := call(cmd.Context(), c, latchkey.DeleteUserBinding, &latchkey.DeleteUserBindingRequest{
				UserName: awswire.Optional(who.name), UserId: awswire.Optional(who.id), IssuerUrl: awswire.Optional(issuer),
			})
			if err != nil {
				return err
			}
			out := struct {
				UserID   string `json:"UserId"`
				UserName string
				Bindings []printedBinding
			}{awswire.Value(u.UserId), awswire.Value(u.UserName), printedBindings(u.Bindings)}
			var text strings.Builder
			for _, b := range out.Bindings {
				fmt.Fprintf(&text, "user %s (%s) is no longer %s at %s\n", clean(out.UserName), out.UserID,
					clean(b.Subject), clean(b.IssuerURL))
			}
			if len(out.Bindings) == 0 {
				fmt.Fprintf(&text, "user %s (%s) was not bound\n", clean(out.UserName), out.UserID)
			}
			return printResult(cmd, asJSON, out, text.String())
		},
	}
	f.add(cmd)
	who.add(cmd)
	cmd.Flags().StringVar(&issuer, "issuer", "", "the `URL` of the issuer; empty: all issuers")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
