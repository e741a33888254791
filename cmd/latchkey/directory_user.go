package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
)

// newDirectoryUser groups the commands for one user of the directory.
func newDirectoryUser() *cobra.Command {
	cmd := newGroup("user", "Disable and enable people")
	cmd.AddCommand(
		newUserStatus("disable", "DISABLED", "Disable a user: no new credentials, and those held end at their next request"),
		newUserStatus("enable", "ENABLED", "Enable a user again"),
	)
	return cmd
}

func newUserStatus(use, status, short string) *cobra.Command {
	var f clientFlags
	var name, id string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Example: `  latchkey directory user ` + use + ` --user alice@example.org
  latchkey directory user ` + use + ` --id 9f3a6b8c-1b7e-4f43-8d1f-0a4c3e1f2b10`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if (name == "") == (id == "") {
				return fmt.Errorf("say who: give one of --user and --id")
			}
			c, err := f.client()
			if err != nil {
				return err
			}
			set, err := call(cmd.Context(), c, latchkey.SetUserStatus, &latchkey.SetUserStatusRequest{
				UserName: awswire.Optional(name), UserId: awswire.Optional(id), UserStatus: &status,
			})
			if err != nil {
				return err
			}
			out := struct { // as it is printed
				UserID     string `json:"UserId"`
				UserName   string
				UserStatus string
			}{awswire.Value(set.UserId), awswire.Value(set.UserName), awswire.Value(set.UserStatus)}
			if asJSON {
				return json.NewEncoder(inert{cmd.OutOrStdout()}).Encode(out)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "user %s (%s) is %s\n", clean(out.UserName), out.UserID,
				strings.ToLower(out.UserStatus))
			return err
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&name, "user", "", "the user `name`")
	cmd.Flags().StringVar(&id, "id", "", "the user's id")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
