package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/spf13/cobra"

	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
)

// syncReport is the server's answer to SyncDirectory as it is printed.
type syncReport struct {
	Source                                                                              string
	DryRun, Applied                                                                     bool
	Refused                                                                             string `json:",omitempty"`
	UsersRead, GroupsRead, ForeignMembers                                               int32
	UsersCreated, UsersUpdated, UsersDisabled, UsersDeleted                             int32
	GroupsCreated, GroupsUpdated, GroupsDeleted, MembershipsCreated, MembershipsDeleted int32
	LosingAccess, GainingAccess                                                         int32
	Changes                                                                             []syncChange `json:",omitempty"`
	Access                                                                              []syncAccess `json:",omitempty"`
	Conflicts                                                                           []string     `json:",omitempty"`
	Truncated                                                                           bool         `json:",omitempty"`
}

type syncChange struct{ Kind, Name, Text string }

type syncAccess struct {
	UserID     string `json:"UserId,omitempty"`
	UserName   string
	Change     string
	Region     string
	GrantScope string
	Permission string
	GrantID    string `json:"GrantId"`
	Via        string `json:",omitempty"`
}

func newSyncReport(o *latchkey.SyncDirectoryResponse) *syncReport {
	r := &syncReport{
		Source:             awswire.Value(o.Source),
		DryRun:             awswire.Value(o.DryRun),
		Applied:            awswire.Value(o.Applied),
		Refused:            awswire.Value(o.Refused),
		UsersRead:          awswire.Value(o.UsersRead),
		GroupsRead:         awswire.Value(o.GroupsRead),
		ForeignMembers:     awswire.Value(o.ForeignMembers),
		UsersCreated:       awswire.Value(o.UsersCreated),
		UsersUpdated:       awswire.Value(o.UsersUpdated),
		UsersDisabled:      awswire.Value(o.UsersDisabled),
		UsersDeleted:       awswire.Value(o.UsersDeleted),
		GroupsCreated:      awswire.Value(o.GroupsCreated),
		GroupsUpdated:      awswire.Value(o.GroupsUpdated),
		GroupsDeleted:      awswire.Value(o.GroupsDeleted),
		MembershipsCreated: awswire.Value(o.MembershipsCreated),
		MembershipsDeleted: awswire.Value(o.MembershipsDeleted),
		LosingAccess:       awswire.Value(o.LosingAccess),
		GainingAccess:      awswire.Value(o.GainingAccess),
		Conflicts:          o.Conflicts,
		Truncated:          awswire.Value(o.Truncated),
	}
	for _, c := range o.Changes {
		r.Changes = append(r.Changes, syncChange{awswire.Value(c.Kind), awswire.Value(c.Name), awswire.Value(c.Text)})
	}
	for _, a := range o.Access {
		r.Access = append(r.Access, syncAccess{
			UserID:     awswire.Value(a.UserId),
			UserName:   awswire.Value(a.UserName),
			Change:     awswire.Value(a.Change),
			Region:     awswire.Value(a.Region),
			GrantScope: awswire.Value(a.GrantScope),
			Permission: awswire.Value(a.Permission),
			GrantID:    awswire.Value(a.GrantId),
			Via:        awswire.Value(a.Via),
		})
	}
	return r
}

func newDirectorySync() *cobra.Command {
	var f clientFlags
	var source string
	var dryRun, force, asJSON bool
	limit := 100
	cmd := &cobra.Command{
		Use:   "sync [--source NAME] [--dry-run]",
		Short: "Synchronise with an LDAP directory now",
		Long: `Have the server synchronise with an LDAP directory, or Active Directory, now instead of when it is next due.
The directories are in the file that the server was given with --directories.

With --dry-run nothing is written: the report tells what a run would do, and which people would lose or gain which
grants.

A run that would remove more than the directory's maxRemoval, or that finds no users, is refused as a whole. The exit
code is then 3; --force lets it through.`,
		Example: `  latchkey directory sync --dry-run
  latchkey directory sync --source corp --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.client()
			if err != nil {
				return err
			}
			out, err := call(cmd.Context(), c, latchkey.SyncDirectory, &latchkey.SyncDirectoryRequest{
				Source: awswire.Optional(source), DryRun: &dryRun, Force: &force, MaxResults: new(int32(min(limit, math.MaxInt32))),
			})
			if err != nil {
				return err
			}
			r := newSyncReport(out)
			if asJSON {
				enc := json.NewEncoder(inert{cmd.OutOrStdout()})
				enc.SetIndent("", "  ")
				if err := enc.Encode(r); err != nil {
					return err
				}
			} else {
				r.print(cmd.OutOrStdout())
			}
			if r.Refused != "" && !r.Applied {
				return &exitError{code: 3}
			}
			return nil
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&source, "source", "", "the directory's `NAME` (default: the only one)")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "tell what would be done, and write nothing")
	cmd.Flags().BoolVar(&force, "force", false, "remove as much as it takes")
	cmd.Flags().IntVar(&limit, "limit", limit, "how many changes are listed at most")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (r *syncReport) print(out io.Writer) {
	switch {
	case r.Refused != "" && !r.Applied:
		fmt.Fprintf(out, "REFUSED  %s: %s\n", r.Source, clean(r.Refused))
		fmt.Fprintln(out, "  nothing was changed; if this is right, run it again with --force")
	case r.DryRun:
		fmt.Fprintf(out, "DRY RUN  %s: nothing was changed\n", r.Source)
	default:
		fmt.Fprintf(out, "DONE     %s\n", r.Source)
	}
	fmt.Fprintf(out, "  read:        %d users, %d groups", r.UsersRead, r.GroupsRead)
	if r.ForeignMembers > 0 {
		fmt.Fprintf(out, " (%d members of groups are neither)", r.ForeignMembers)
	}
	fmt.Fprintf(out, "\n  users:       %d created, %d updated, %d disabled, %d deleted\n", r.UsersCreated, r.UsersUpdated,
		r.UsersDisabled, r.UsersDeleted)
	fmt.Fprintf(out, "  groups:      %d created, %d updated, %d deleted\n", r.GroupsCreated, r.GroupsUpdated,
		r.GroupsDeleted)
	fmt.Fprintf(out, "  memberships: %d begun, %d ended\n", r.MembershipsCreated, r.MembershipsDeleted)
	for _, c := range r.Changes {
		fmt.Fprintf(out, "    %s %s: %s\n", c.Kind, clean(c.Name), clean(c.Text))
	}
	if r.LosingAccess+r.GainingAccess > 0 {
		fmt.Fprintf(out, "  access: %d people lose some, %d gain some\n", r.LosingAccess, r.GainingAccess)
	}
	for _, a := range r.Access {
		word := "loses"
		if a.Change == "GAINED" {
			word = "gains"
		}
		via := ""
		if a.Via != "" {
			via = " through " + clean(a.Via)
		}
		fmt.Fprintf(out, "    %s %s %s on %s%s\n", clean(a.UserName), word, a.Permission, clean(a.GrantScope), via)
	}
	if len(r.Conflicts) > 0 {
		fmt.Fprintln(out, "  conflicts, left as they are:")
		for _, c := range r.Conflicts {
			fmt.Fprintf(out, "    %s\n", clean(c))
		}
	}
	if r.Truncated {
		fmt.Fprintln(out, "  ... and more: see --limit")
	}
}
