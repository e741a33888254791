package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"latchkey/internal/policy"
)

func newPolicyKeys() *cobra.Command {
	return &cobra.Command{
		Use:   "keys",
		Short: "Print the condition keys that are known, and when requests have them",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, k := range policy.ConditionKeys() {
				fmt.Fprintf(w, "%s\t%s\t%s\n", k.Name, k.Type, k.Presence)
			}
			return w.Flush()
		},
	}
}
