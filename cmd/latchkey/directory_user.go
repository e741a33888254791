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
	cmd := newGroup("user", "Disable and enable people, and show who they are at OpenID providers")
	cmd.AddCommand(
		newUserStatus("disable", "DISABLED", "Disable a user: no new credentials, and those held end at their next request"),
		newUserStatus("enable", "ENABLED", "Take back the administrator's block of a user"),
		newUserShow(), newUserUnbind(),
	)
	return cmd
}

func newUserStatus(use, status, short string) *cobra.Command {
	var f clientFlags
	var who userFlags
	var source string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Example: `  latchkey directory user ` + use + ` --user alice@example.org
  latchkey directory user ` + use + ` --id 9f3a6b8c-1b7e-4f43-8d1f-0a4c3e1f2b10`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := who.client(&f)
			if err != nil {
				return err
			}
			set, err := call(cmd.Context(), c, latchkey.SetUserStatus, &latchkey.SetUserStatusRequest{
				UserName: awswire.Optional(who.name), UserId: awswire.Optional(who.id), UserStatus: &status,
				Source: awswire.Optional(source),
			})
			if err != nil {
				return err
			}
			out := struct { // as it is printed
				UserID     string `json:"UserId"`
				UserName   string
				UserStatus string
				DisabledBy []string `json:",omitempty"`
			}{awswire.Value(set.UserId), awswire.Value(set.UserName), awswire.Value(set.UserStatus), set.DisabledBy}
			return printResult(cmd, asJSON, out, fmt.Sprintf("user %s (%s) is %s%s\n", clean(out.UserName), out.UserID,
				strings.ToLower(out.UserStatus), disabledBy(out.DisabledBy)))
		},
	}
	f.add(cmd)
	who.add(cmd)
	if status == "ENABLED" {
		cmd.Flags().StringVar(&source, "source", "",
			"take back the block of this `source` instead, such as scim or ldap:corp; it may block the user again")
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// disabledBy names the sources that say that a user is out.
func disabledBy(sources []string) string {
	if len(sources) == 0 {
		return ""
	}
	for i := range sources {
		sources[i] = clean(sources[i])
	}
	return " by " + strings.Join(sources, ", ")
}

// userFlags say which user a command is about.
type userFlags struct{ name, id string }

func (f *userFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.name, "user", "", "the user `name`")
	cmd.Flags().StringVar(&f.id, "id", "", "the user's id")
}

// client checks that the flags name one user, and returns the client.
func (f *userFlags) client(of *clientFlags) (*client, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	return of.client()
}

func (f *userFlags) check() error {
	if (f.name == "") == (f.id == "") {
		return fmt.Errorf("say who: give one of --user and --id")
	}
	return nil
}

// printResult prints an operation's result: as JSON, or the text for people.
func printResult(cmd *cobra.Command, asJSON bool, result any, text string) error {
	if asJSON {
		return json.NewEncoder(inert{cmd.OutOrStdout()}).Encode(result)
	}
	_, err := fmt.Fprint(cmd.OutOrStdout(), text)
	return err
}
