package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
)

func newRecover() *cobra.Command {
	var local localFlags
	var data string
	var alone, asJSON bool
	cmd := &cobra.Command{
		Use:   "recover",
		Short: "Make a new root key on the machine itself, when no key works any more",
		Long: `Make a new root key of an account in the data folder itself, without a server and without a key: with SQLite while
no server runs, with PostgreSQL also while servers run. It is the way back for an operator who locked everybody out.
The key is shown once. That of the server's first account is also kept in the data folder, in place of the one before.
The audit log records it, with the user of the operating system.`,
		Example: `  latchkey recover --data /var/lib/latchkey
  latchkey recover --data /var/lib/latchkey --deactivate-others
  latchkey recover --database postgres://latchkey@db/latchkey --account 210987654321`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out := struct { // as it is printed
				AccountID       string `json:"AccountId"`
				AccessKeyID     string `json:"AccessKeyId"`
				SecretAccessKey string
				File            string `json:",omitempty"`
			}{AccountID: local.account}
			err := local.do(cmd, data, func(l *localWork) error {
				key, file, err := l.Recover(cmd.Context(), alone, l.by)
				out.AccessKeyID, out.SecretAccessKey, out.File = key.AccessKeyID, key.Secret.Reveal(), file
				return err
			})
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(out)
			}
			kept := "shown this once"
			if out.File != "" {
				kept += " and kept in " + out.File
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(),
				"new root key of account %s, %s:\n  AWS_ACCESS_KEY_ID=%s\n  AWS_SECRET_ACCESS_KEY=%s\n",
				out.AccountID, kept, out.AccessKeyID, out.SecretAccessKey)
			return err
		},
	}
	cmd.Flags().StringVar(&data, "data", envOr("LATCHKEY_DATA", defaultData), "the server's data `folder` (LATCHKEY_DATA)")
	local.add(cmd)
	cmd.Flags().BoolVar(&alone, "deactivate-others", false,
		"make the account's other root keys inactive, which ends what was made with them")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
