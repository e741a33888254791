package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
)

// pastMember is a membership as it is printed.
type pastMember struct {
	UserID    string `json:"UserId"`
	UserName  string `json:",omitempty"`
	GroupID   string `json:"GroupId"`
	GroupName string `json:",omitempty"`
	Since     time.Time
	Until     *time.Time `json:",omitempty"`
	CreatedBy string     `json:",omitempty"`
}

func newDirectoryMembers() *cobra.Command {
	var f clientFlags
	var group, user, asOf string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "members",
		Short: "Tell who is in a group, or in which groups a user is, now or as of a day",
		Long: `Tell who was in a group, or in which groups a user was, at a time: since when, until when, and who put them there.
A day means its beginning in UTC. Users and groups that are deleted are found by their ids. This history is kept for
good, apart from the audit log. What ended before the server kept it is not known.`,
		Example: `  latchkey directory members --group analysts
  latchkey directory members --group analysts --as-of 2026-05-01
  latchkey directory members --user alice@example.org --as-of 2026-05-01T12:00:00Z --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if (group == "") == (user == "") {
				return errors.New("say whose memberships: give one of --group and --user")
			}
			at, err := givenDay(asOf)
			if err != nil {
				return err
			}
			c, err := f.client()
			if err != nil {
				return err
			}
			in := &latchkey.ListMembershipHistoryRequest{
				Group: awswire.Optional(group), User: awswire.Optional(user), AsOf: at, MaxResults: new(int32(pageSize)),
			}
			return printPages(cmd.OutOrStdout(), asJSON, "nobody", func(next *string) ([]pastMember, *string, error) {
				in.NextToken = next
				out, err := call(cmd.Context(), c, latchkey.ListMembershipHistory, in)
				if err != nil {
					return nil, nil, err
				}
				var page []pastMember
				for _, m := range out.Memberships {
					v := awswire.Value[string]
					page = append(page, pastMember{v(m.UserId), v(m.UserName), v(m.GroupId), v(m.GroupName),
						awswire.Value(m.Since), m.Until, v(m.CreatedBy)})
				}
				return page, out.NextToken, nil
			}, pastMember.columns)
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&group, "group", "", "the group's `id` or name")
	cmd.Flags().StringVar(&user, "user", "", "the user's `id`, name or email address")
	cmd.Flags().StringVar(&asOf, "as-of", "", "a `day` such as 2026-05-01, a time, or a duration ago such as 48h (default: now)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print each as one line of JSON")
	return cmd
}

func (m pastMember) columns() []string {
	until := "still"
	if m.Until != nil {
		until = "until " + m.Until.Format(time.RFC3339)
	}
	return []string{
		name(m.UserName, m.UserID), "in " + name(m.GroupName, m.GroupID), "since " + m.Since.Format(time.RFC3339), until,
	}
}

func name(name, id string) string {
	if name == "" {
		return id
	}
	return name
}

// givenDay is givenTime that also reads a day.
func givenDay(text string) (*time.Time, error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return new(day), nil
	}
	at, err := givenTime(text)
	if err != nil {
		return nil, fmt.Errorf("--as-of %q: it must be a day such as 2026-05-01, a time such as 2026-05-01T12:00:00Z, "+
			"or a duration ago such as 48h", text)
	}
	return at, nil
}
