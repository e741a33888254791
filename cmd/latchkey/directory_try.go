package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"latchkey/internal/access"
	"latchkey/internal/control/ldapsync"
	"latchkey/internal/ldap"
)

func newDirectoryTest() *cobra.Command {
	var file, source, account string
	limit := 5
	cmd := &cobra.Command{
		Use:   "test --directories FILE [--source NAME]",
		Short: "Read an LDAP directory and show what would be taken from it",
		Long: `Read an LDAP directory as the server would, with the same file, and show the first people and groups, with
the attributes that they would get, and every entry that cannot be taken. It needs no server and writes nothing
anywhere: it is for trying a mapping.`,
		Example: "  latchkey directory test --directories directories.yaml --source corp",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file == "" {
				return hint(fmt.Errorf("--directories is needed"), "%s", cmd.Example)
			}
			all, err := ldapsync.Load(file, access.AccountID(account))
			if err != nil {
				return err
			}
			shown := false
			for i := range all {
				if source != "" && all[i].Name != source {
					continue
				}
				shown = true
				l, err := ldap.Read(cmd.Context(), all[i].LDAP)
				if err != nil {
					return fmt.Errorf("directory %s: %w", all[i].Name, err)
				}
				printListing(cmd.OutOrStdout(), all[i].Name, l, limit)
			}
			if !shown {
				return fmt.Errorf("%s has no directory %q", file, source)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&file, "directories", "", "the YAML `file` that latchkey serve --directories takes")
	cmd.Flags().StringVar(&source, "source", "", "the directory's `NAME` (default: all)")
	cmd.Flags().StringVar(&account, "account", defaultAccount, "the account of directories that name none")
	cmd.Flags().IntVar(&limit, "limit", limit, "how many people, groups and conflicts are shown at most")
	return cmd
}

func printListing(out io.Writer, name string, l *ldap.Listing, limit int) {
	disabled := 0
	for i := range l.Users {
		if l.Users[i].Disabled {
			disabled++
		}
	}
	fmt.Fprintf(out, "%s: %d users (%d disabled), %d groups, %d conflicts\n", name, len(l.Users), disabled, len(l.Groups),
		len(l.Conflicts))
	for _, u := range l.Users[:min(limit, len(l.Users))] {
		fmt.Fprintf(out, "  user %s\n", clean(u.DN))
		for _, a := range []struct{ name, value string }{
			{"id", u.ID}, {"userName", u.UserName}, {"displayName", u.DisplayName}, {"givenName", u.GivenName},
			{"familyName", u.FamilyName},
			{"email", u.Email}, {"title", u.Title}, {"department", u.Department}, {"employeeNumber", u.EmployeeNumber},
			{"language", u.PreferredLanguage},
		} {
			if a.value != "" {
				fmt.Fprintf(out, "    %-14s %s\n", a.name, clean(a.value))
			}
		}
		if u.Disabled {
			fmt.Fprintln(out, "    disabled")
		}
	}
	for _, g := range l.Groups[:min(limit, len(l.Groups))] {
		fmt.Fprintf(out, "  group %s\n    %-14s %s\n    %-14s %s\n    %-14s %d\n", clean(g.DN), "id", g.ID, "name",
			clean(g.Name), "members", len(g.Members))
	}
	for _, c := range l.Conflicts[:min(limit, len(l.Conflicts))] {
		fmt.Fprintf(out, "  conflict %s: %s\n", clean(c.DN), clean(c.Text))
	}
	if l.Foreign > 0 {
		fmt.Fprintf(out, "  %d members of groups are neither among the users nor among the groups\n", l.Foreign)
	}
}
