package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
)

// explanation is the server's answer to Explain as it is printed.
type explanation struct {
	Allowed            bool
	Reason             string
	MatchedGrantTarget string `json:",omitempty"`
	GrantID            string `json:"GrantId,omitempty"`
	GranteeType        string `json:",omitempty"`
	GranteeIdentifier  string `json:",omitempty"`
	LocationID         string `json:"LocationId,omitempty"`
	RoleArn            string `json:",omitempty"`
	UserID             string `json:"UserId,omitempty"`
	UserName           string `json:",omitempty"`
	ApplicationArn     string `json:",omitempty"`
	Checks             []explainedCheck
	Considered         []explainedGrant
	Truncated          bool     `json:",omitempty"`
	Notes              []string `json:",omitempty"`

	Direct *explainedDirect `json:",omitempty"`
}

// explainedDirect is how plain S3 requests would be answered.
type explainedDirect struct {
	Allowed bool
	By      string `json:",omitempty"`
	Reason  string `json:",omitempty"`
	Checks  []explainedCheck
}

type explainedCheck struct {
	Name   string
	Passed bool
	Text   string
}

type explainedGrant struct {
	GrantID           string `json:"GrantId"`
	GrantScope        string
	Permission        string
	GranteeType       string
	GranteeIdentifier string
	ApplicationArn    string `json:",omitempty"`
	LocationID        string `json:"LocationId"`
	Outcome           string
}

func newExplanation(o *latchkey.ExplainResponse) *explanation {
	e := &explanation{
		Allowed:            awswire.Value(o.Allowed),
		Reason:             awswire.Value(o.Reason),
		MatchedGrantTarget: awswire.Value(o.MatchedGrantTarget),
		GrantID:            awswire.Value(o.GrantId),
		GranteeType:        awswire.Value(o.GranteeType),
		GranteeIdentifier:  awswire.Value(o.GranteeIdentifier),
		LocationID:         awswire.Value(o.LocationId),
		RoleArn:            awswire.Value(o.RoleArn),
		UserID:             awswire.Value(o.UserId),
		UserName:           awswire.Value(o.UserName),
		ApplicationArn:     awswire.Value(o.ApplicationArn),
		Truncated:          awswire.Value(o.Truncated),
		Notes:              o.Notes,
	}
	if d := o.Direct; d != nil {
		e.Direct = &explainedDirect{Allowed: awswire.Value(d.Allowed), By: awswire.Value(d.By),
			Reason: awswire.Value(d.Reason)}
		for _, c := range d.Checks {
			e.Direct.Checks = append(e.Direct.Checks,
				explainedCheck{awswire.Value(c.Name), awswire.Value(c.Passed), awswire.Value(c.Text)})
		}
	}
	// An empty list is printed as [], and a list that the server left out as null.
	if o.Checks != nil {
		e.Checks = []explainedCheck{}
	}
	for _, c := range o.Checks {
		e.Checks = append(e.Checks, explainedCheck{awswire.Value(c.Name), awswire.Value(c.Passed), awswire.Value(c.Text)})
	}
	if o.Considered != nil {
		e.Considered = []explainedGrant{}
	}
	for _, g := range o.Considered {
		e.Considered = append(e.Considered, explainedGrant{
			GrantID:           awswire.Value(g.GrantId),
			GrantScope:        awswire.Value(g.GrantScope),
			Permission:        awswire.Value(g.Permission),
			GranteeType:       awswire.Value(g.GranteeType),
			GranteeIdentifier: awswire.Value(g.GranteeIdentifier),
			ApplicationArn:    awswire.Value(g.ApplicationArn),
			LocationID:        awswire.Value(g.LocationId),
			Outcome:           awswire.Value(g.Outcome),
		})
	}
	return e
}

// explainFlags are the flags of `latchkey explain`.
type explainFlags struct {
	clientFlags
	as, user, role, application, target, permission, privilege string
	asserted, asJSON                                           bool
}

func newExplain() *cobra.Command {
	var f explainFlags
	cmd := &cobra.Command{
		Use:   "explain --as ARN | --user NAME --target s3://BUCKET/PREFIX* [--permission READ]",
		Short: "Explain what GetDataAccess would decide for somebody, and why",
		Long: `Explain what GetDataAccess would decide for an IAM user, a role or a session of a role: which grants were
considered, why each did or did not count, and what else must hold. It is decided by the same code as GetDataAccess;
nothing is vended. The exit code is 0 when access would be given and 3 when it would not.

For a person of the directory say --user with the user name, the id or an email address. People come through an
application, and a role acts for them: --application names one of Identity Center, otherwise the oldest with which
access would be given is supposed; --role names the role, whose policies and grants then count too. With --asserted an
engine names the person in a session tag, and no application is needed.

The end of the answer tells how plain S3 requests would be answered, with nothing vended before: by the policies, by
the grant, or not. The exit code does not depend on that.`,
		Example: `  latchkey explain --as arn:aws:iam::123456789012:user/alice --target 's3://lake/finance/*' --permission READ
  latchkey explain --as arn:aws:iam::123456789012:role/etl --target s3://lake/raw/1.csv --permission WRITE --json
  latchkey explain --user alice@example.org --target s3://lake/finance/q1.csv`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return err
			}
			return f.run(cmd)
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&f.as, "as", "", "the `ARN` of a user, a role or an assumed-role session")
	cmd.Flags().StringVar(&f.user, "user", "", "the `name`, id or email address of a person in the directory")
	cmd.Flags().StringVar(&f.role, "role", "", "with --user: the `ARN` of the role that acts for the person")
	cmd.Flags().StringVar(&f.application, "application", "",
		"with --user: the `ARN` of the application that the person comes through")
	cmd.Flags().BoolVar(&f.asserted, "asserted", false,
		"with --user: an engine names the person in the session tag latchkey:user")
	cmd.Flags().StringVar(&f.target, "target", "", "s3://bucket/key or s3://bucket/prefix*")
	cmd.Flags().StringVar(&f.permission, "permission", "READ", "READ, WRITE or READWRITE")
	cmd.Flags().StringVar(&f.privilege, "privilege", "", "Default or Minimal")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "print JSON")
	return cmd
}

// check refuses flags that are missing or exclude each other.
func (f *explainFlags) check() error {
	switch {
	case f.user == "" && (f.as == "" || f.target == ""):
		return hint(errors.New("--as and --target are needed"),
			"latchkey explain --as arn:aws:iam::%s:user/alice --target 's3://lake/finance/*' --permission READ", defaultAccount)
	case f.target == "":
		return hint(errors.New("--target is needed"),
			"latchkey explain --user %s --target 's3://lake/finance/*' --permission READ", f.user)
	case f.user != "" && f.as != "":
		return errors.New("--as and --user exclude each other")
	case f.user == "" && (f.role != "" || f.application != "" || f.asserted):
		return errors.New("--role, --application and --asserted go with --user")
	case f.asserted && f.application != "":
		return errors.New("--asserted and --application exclude each other")
	}
	return nil
}

func (f *explainFlags) run(cmd *cobra.Command) error {
	c, err := f.client()
	if err != nil {
		return err
	}
	answer, err := call(cmd.Context(), c, latchkey.Explain, &latchkey.ExplainRequest{
		Target:         &f.target,
		Permission:     &f.permission,
		Principal:      awswire.Optional(f.as),
		User:           awswire.Optional(f.user),
		RoleArn:        awswire.Optional(f.role),
		ApplicationArn: awswire.Optional(f.application),
		Privilege:      awswire.Optional(f.privilege),
		Asserted:       f.optionalAsserted(),
	})
	if err != nil {
		return err
	}
	e, out := newExplanation(answer), cmd.OutOrStdout()
	if f.asJSON {
		enc := json.NewEncoder(inert{out})
		enc.SetIndent("", "  ")
		if err := enc.Encode(e); err != nil {
			return err
		}
	} else {
		who := f.as
		if f.user != "" {
			who = fmt.Sprintf("person %s (%s)", clean(e.UserName), e.UserID)
		}
		e.print(out, who, f.permission, f.target)
	}
	if !e.Allowed {
		return &exitError{code: 3}
	}
	return nil
}

func (f *explainFlags) optionalAsserted() *bool {
	if !f.asserted {
		return nil
	}
	return &f.asserted
}

func (d *explainedDirect) print(out io.Writer) {
	if d == nil {
		return
	}
	verdict := "DENIED"
	if d.Allowed {
		verdict = "SERVED by " + map[string]string{"policies": "policies", "grant": "the grant"}[d.By]
	}
	fmt.Fprintf(out, "  plain S3 requests: %s\n", verdict)
	for _, c := range d.Checks {
		mark := "ok "
		if !c.Passed {
			mark = "NO "
		}
		fmt.Fprintf(out, "    %s %s (%s)\n", mark, clean(c.Name), clean(c.Text))
	}
}

func (e *explanation) print(out io.Writer, as, permission, target string) {
	verdict := "DENIED"
	if e.Allowed {
		verdict = "ALLOWED"
	}
	fmt.Fprintf(out, "%s  %s of %s for %s\n", verdict, permission, target, as)
	fmt.Fprintf(out, "  decision: %s\n", e.Reason)
	if e.GrantID != "" {
		fmt.Fprintf(out, "  by grant: %s to %s\n  covering: %s\n  role:     %s\n", e.GrantID, e.GranteeIdentifier,
			e.MatchedGrantTarget, e.RoleArn)
	}
	for _, c := range e.Checks {
		mark := "ok "
		if !c.Passed {
			mark = "NO "
		}
		fmt.Fprintf(out, "  %s %s (%s)\n", mark, c.Name, clean(c.Text))
	}
	if e.ApplicationArn != "" {
		fmt.Fprintf(out, "  through:  %s\n", e.ApplicationArn)
	}
	for _, n := range e.Notes {
		fmt.Fprintf(out, "  note: %s\n", clean(n))
	}
	e.Direct.print(out)
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
