package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
)

func newAccountResolve() *cobra.Command {
	var f clientFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "resolve-grants [on|off]",
		Short: "Tell or switch whether grants answer plain S3 requests for the account's buckets",
		Long: `Tell or switch whether grants answer plain S3 requests for the buckets of the caller's account. When it is on, a
user, a role or a person whose policies do not allow a request, but whose grants do, is served with their own
credentials: clients need not know GetDataAccess. The rights are those that GetDataAccess would vend. New accounts have
it on; accounts of a database of an earlier release have it off, because it turns refusals into answers.`,
		Example: `  latchkey account resolve-grants
  latchkey account resolve-grants on`,
		Args: onOff(0),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := f.client()
			if err != nil {
				return err
			}
			if len(args) == 1 {
				_, err := call(cmd.Context(), c, latchkey.PutResolveGrants,
					&latchkey.PutResolveGrantsRequest{Enabled: new(args[0] == "on")})
				return err
			}
			out, err := call(cmd.Context(), c, latchkey.GetResolveGrants, &latchkey.GetResolveGrantsRequest{})
			if err != nil {
				return err
			}
			return printSwitch(cmd, asJSON, "Enabled", awswire.Value(out.Enabled))
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newLocation() *cobra.Command {
	cmd := newGroup("location", "Settings of S3 Access Grants locations that AWS does not have")
	cmd.AddCommand(newLocationAsserted(), newLocationVend(), newLocationVending())
	return cmd
}

func newLocationAsserted() *cobra.Command {
	var f clientFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "asserted LOCATION [on|off]",
		Short: "Tell or switch whether a location's grants answer people whom an engine names",
		Long: `Tell or switch whether the grants of a location answer directory users whom an engine, such as Trino, names in the
session tag latchkey:user. Such a user has proved nothing; the engine asserts who it is. New locations have it off.
docs/engines.md says how engines name people, and what bounds whom they may name.`,
		Example: `  latchkey location asserted default
  latchkey location asserted 0f8c4c38-6b0c-4a5e-9f0c-2f1d7a2b9f3e on`,
		Args: onOff(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := f.client()
			if err != nil {
				return err
			}
			if len(args) == 2 {
				_, err := call(cmd.Context(), c, latchkey.PutAssertedIdentities,
					&latchkey.PutAssertedIdentitiesRequest{LocationId: &args[0], Allowed: new(args[1] == "on")})
				return err
			}
			out, err := call(cmd.Context(), c, latchkey.GetAssertedIdentities,
				&latchkey.GetAssertedIdentitiesRequest{LocationId: &args[0]})
			if err != nil {
				return err
			}
			return printSwitch(cmd, asJSON, "Allowed", awswire.Value(out.Allowed))
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// onOff checks the arguments of a command that has this many before an optional on or off.
func onOff(before int) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) == before, len(args) == before+1 && (args[before] == "on" || args[before] == "off"):
			return nil
		case before == 1:
			return errors.New("the id of a location is needed, and on or off to switch it")
		}
		return errors.New("the argument is on or off; without one the setting is told")
	}
}

func printSwitch(cmd *cobra.Command, asJSON bool, name string, on bool) error {
	if asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]bool{name: on})
	}
	text := "off"
	if on {
		text = "on"
	}
	_, err := fmt.Fprintln(cmd.OutOrStdout(), text)
	return err
}
