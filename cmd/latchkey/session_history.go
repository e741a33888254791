package main

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
)

// cut is an end of sessions as it is printed.
type cut struct {
	Kind   string
	ID     string `json:"Id"`
	Time   time.Time
	Reason string
}

func newSessionHistory() *cobra.Command {
	var f clientFlags
	var which whichFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "history",
		Short: "Tell when the sessions of somebody or something were ended, and why",
		Long: `Tell when all sessions that hung on a person, a group, a role, a user, a grant or an access key were ended: by
somebody, or because it was disabled, changed or deleted. This history is kept for good, apart from the audit log.`,
		Example: `  latchkey session history --person alice@example.org
  latchkey session history --role etl --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if which.given() != 1 {
				return errors.New("say whose history, by one of --person, --group, --role, --user, --grant, --access-key " +
					"and --session")
			}
			c, err := f.client()
			if err != nil {
				return err
			}
			in := &latchkey.ListSessionHistoryRequest{
				User: awswire.Optional(which.person), Group: awswire.Optional(which.group),
				Principal: awswire.Optional(which.principal()), GrantId: awswire.Optional(which.grant),
				AccessKeyId: awswire.Optional(which.key), SessionId: awswire.Optional(which.session),
				MaxResults: new(int32(pageSize)),
			}
			return printPages(cmd.OutOrStdout(), asJSON, "never", func(next *string) ([]cut, *string, error) {
				in.NextToken = next
				out, err := call(cmd.Context(), c, latchkey.ListSessionHistory, in)
				if err != nil {
					return nil, nil, err
				}
				var page []cut
				for _, x := range out.Cuts {
					page = append(page, cut{awswire.Value(x.Kind), awswire.Value(x.Id), awswire.Value(x.Time),
						awswire.Value(x.Reason)})
				}
				return page, out.NextToken, nil
			}, func(x cut) []string {
				return []string{x.Time.Format(time.RFC3339), x.Kind, x.ID, x.Reason}
			})
		},
	}
	f.add(cmd)
	which.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print each as one line of JSON")
	return cmd
}
