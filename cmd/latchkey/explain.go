package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// explanation is the server's answer to Explain.
type explanation struct {
	Allowed            bool
	Reason             string
	MatchedGrantTarget string `json:",omitempty"`
	GrantID            string `json:"GrantId,omitempty"`
	GranteeType        string `json:",omitempty"`
	GranteeIdentifier  string `json:",omitempty"`
	LocationID         string `json:"LocationId,omitempty"`
	RoleArn            string `json:",omitempty"`
	Checks             []struct {
		Name   string
		Passed bool
		Text   string
	}
	Considered []struct {
		GrantID           string `json:"GrantId"`
		GrantScope        string
		Permission        string
		GranteeType       string
		GranteeIdentifier string
		ApplicationArn    string `json:",omitempty"`
		LocationID        string `json:"LocationId"`
		Outcome           string
	}
	Truncated bool `json:",omitempty"`
}

func newExplain() *cobra.Command {
	var f clientFlags
	var as, target, permission, privilege string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "explain --as ARN --target s3://BUCKET/PREFIX* [--permission READ]",
		Short: "Explain what GetDataAccess would decide for somebody, and why",
		Long: `Explain what GetDataAccess would decide for an IAM user, a role or a session of a role: which grants were considered, why each did or
did not count, and what else must hold. It is decided by the same code as GetDataAccess; nothing is vended. The exit code is 0 when
access would be given and 3 when it would not.`,
		Example: `  latchkey explain --as arn:aws:iam::123456789012:user/alice --target 's3://lake/finance/*' --permission READ
  latchkey explain --as arn:aws:iam::123456789012:role/etl --target s3://lake/raw/1.csv --permission WRITE --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if as == "" || target == "" {
				return hint(errors.New("--as and --target are needed"), "latchkey explain --as arn:aws:iam::%s:user/alice --target 's3://lake/finance/*' --permission READ", defaultAccount)
			}
			c, err := f.client()
			if err != nil {
				return err
			}
			in := map[string]any{"Principal": as, "Target": target, "Permission": permission}
			if privilege != "" {
				in["Privilege"] = privilege
			}
			var e explanation
			if err := c.call(cmd.Context(), "Explain", in, &e); err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if asJSON {
				enc := json.NewEncoder(out)
				enc.SetIndent("", "  ")
				if err := enc.Encode(e); err != nil {
					return err
				}
			} else {
				e.print(out, as, permission, target)
			}
			if !e.Allowed {
				return &exitError{code: 3}
			}
			return nil
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&as, "as", "", "the `ARN` of a user, a role or an assumed-role session")
	cmd.Flags().StringVar(&target, "target", "", "s3://bucket/key or s3://bucket/prefix*")
	cmd.Flags().StringVar(&permission, "permission", "READ", "READ, WRITE or READWRITE")
	cmd.Flags().StringVar(&privilege, "privilege", "", "Default or Minimal")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (e *explanation) print(out io.Writer, as, permission, target string) {
	verdict := "DENIED"
	if e.Allowed {
		verdict = "ALLOWED"
	}
	fmt.Fprintf(out, "%s  %s of %s for %s\n", verdict, permission, target, as)
	fmt.Fprintf(out, "  decision: %s\n", e.Reason)
	if e.GrantID != "" {
		fmt.Fprintf(out, "  by grant: %s to %s\n  covering: %s\n  role:     %s\n", e.GrantID, e.GranteeIdentifier, e.MatchedGrantTarget, e.RoleArn)
	}
	for _, c := range e.Checks {
		mark := "ok "
		if !c.Passed {
			mark = "NO "
		}
		fmt.Fprintf(out, "  %s %s (%s)\n", mark, c.Name, c.Text)
	}
	if len(e.Considered) == 0 {
		fmt.Fprintln(out, "  no grant was considered")
		return
	}
	fmt.Fprintln(out, "  grants considered:")
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for _, g := range e.Considered {
		fmt.Fprintf(w, "    %s\t%s\t%s\t%s\t%s\n", g.GrantID, g.Permission, g.GrantScope, g.GranteeIdentifier, g.Outcome)
	}
	w.Flush()
	if e.Truncated {
		fmt.Fprintln(out, "    ... and more")
	}
}
