package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
)

func newAccount() *cobra.Command {
	cmd := newGroup("account", "Manage accounts")
	cmd.AddCommand(newAccountCreate(), newAccountResolve())
	return cmd
}

func newAccountCreate() *cobra.Command {
	var f clientFlags
	var id, name string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Create a further account and print its root key, once",
		Long:  `Create a further account and print its root key, once. Only the root key of the server's first account may.`,
		Example: `  latchkey account create --name research
  latchkey account create --id 210987654321 --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.client()
			if err != nil {
				return err
			}
			made, err := call(cmd.Context(), c, latchkey.CreateAccount,
				&latchkey.CreateAccountRequest{AccountId: awswire.Optional(id), Name: awswire.Optional(name)})
			if err != nil {
				return err
			}
			out := struct { // as it is printed
				AccountID       string `json:"AccountId"`
				Name            string `json:",omitempty"`
				AccessKeyID     string `json:"AccessKeyId"`
				SecretAccessKey string
			}{awswire.Value(made.AccountId), awswire.Value(made.Name), awswire.Value(made.AccessKeyId),
				awswire.Value(made.SecretAccessKey)}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(out)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(),
				"account %s\nroot key, shown this once:\n  AWS_ACCESS_KEY_ID=%s\n  AWS_SECRET_ACCESS_KEY=%s\n",
				out.AccountID, out.AccessKeyID, out.SecretAccessKey)
			return err
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&id, "id", "", "twelve digits (default: random)")
	cmd.Flags().StringVar(&name, "name", "", "a name")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
