package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
)

// whatCan is the server's answer to WhatCan as it is printed, with all pages together.
type whatCan struct {
	Principal  string             `json:",omitempty"`
	UserID     string             `json:"UserId,omitempty"`
	UserName   string             `json:",omitempty"`
	UserStatus string             `json:",omitempty"`
	Groups     []entitlementGroup `json:",omitempty"`
	Entries    []entitlement
}

type entitlementGroup struct {
	GroupID   string `json:"GroupId"`
	GroupName string
}

// add adds a page to the answer.
func (w *whatCan) add(o *latchkey.WhatCanResponse) {
	w.Principal, w.UserID, w.UserName, w.UserStatus = awswire.Value(o.Principal), awswire.Value(o.UserId),
		awswire.Value(o.UserName),
		awswire.Value(o.UserStatus)
	w.Groups = nil
	for _, g := range o.Groups {
		w.Groups = append(w.Groups, entitlementGroup{awswire.Value(g.GroupId), awswire.Value(g.GroupName)})
	}
	w.Entries = append(w.Entries, newEntitlements(o.Entries)...)
}

func newWhatCan() *cobra.Command {
	var f clientFlags
	var as, user string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "what-can --user NAME | --as ARN",
		Short: "Tell what somebody gets to",
		Long: `Tell the grants that a person, a user or a role holds: scope, permission, through which group, and what keeps
a grant from being used. --user takes the user name, the id or an email address of a person in the directory. It is
decided by the same code as GetDataAccess.`,
		Example: `  latchkey what-can --user alice
  latchkey what-can --as arn:aws:iam::123456789012:role/etl --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if (as == "") == (user == "") {
				return hint(errors.New("either --user or --as is needed"), "latchkey what-can --user alice")
			}
			c, err := f.client()
			if err != nil {
				return err
			}
			in := &latchkey.WhatCanRequest{
				User:       awswire.Optional(user),
				Principal:  awswire.Optional(as),
				MaxResults: new(int32(pageSize)),
			}
			got := whatCan{Entries: []entitlement{}}
			for more := true; more; more = awswire.Value(in.NextToken) != "" {
				page, err := call(cmd.Context(), c, latchkey.WhatCan, in)
				if err != nil {
					return err
				}
				got.add(page)
				in.NextToken = page.NextToken
			}
			out := cmd.OutOrStdout()
			if asJSON {
				enc := json.NewEncoder(inert{out})
				enc.SetEscapeHTML(false)
				enc.SetIndent("", "  ")
				return enc.Encode(got)
			}
			got.print(out)
			return printEntitlements(out, false, "no grants", func(yield func([]entitlement, error) bool) {
				yield(got.Entries, nil)
			},
				func(r *entitlement) []string {
					return []string{r.Permission, r.GrantScope, r.via(), r.GrantID, r.state()}
				})
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&user, "user", "", "the `name`, id or email address of a person in the directory")
	cmd.Flags().StringVar(&as, "as", "", "the `ARN` of a user, a role or an assumed-role session")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// print prints who was asked about.
func (w *whatCan) print(out io.Writer) {
	if w.UserID == "" {
		fmt.Fprintln(out, w.Principal)
		return
	}
	fmt.Fprintf(out, "person %s (%s), %s\n", clean(w.UserName), w.UserID, w.UserStatus)
	for _, g := range w.Groups {
		fmt.Fprintf(out, "  in %s (%s)\n", clean(g.GroupName), g.GroupID)
	}
}
