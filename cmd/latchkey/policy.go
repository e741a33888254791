package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
)

func newPolicy() *cobra.Command {
	cmd := newGroup("policy", "Check policies")
	cmd.AddCommand(newPolicyCheck(), newPolicyKeys())
	return cmd
}

// policyFinding is a finding about a policy as it is printed.
type policyFinding struct {
	Kind        string
	Serious     bool
	PolicyType  string
	File        string `json:",omitempty"`
	ResourceArn string `json:",omitempty"`
	PolicyName  string `json:",omitempty"`
	Statement   int    `json:",omitempty"`
	Sid         string `json:",omitempty"`
	Subject     string
	Text        string
}

// where names the policy for people.
func (f *policyFinding) where() string {
	name := f.ResourceArn
	if f.File != "" {
		name = f.File
	}
	if f.PolicyName != "" {
		name += " (" + f.PolicyName + ")"
	}
	if f.Statement > 0 {
		name += fmt.Sprintf(", statement %d", f.Statement)
	}
	if f.Sid != "" {
		name += " " + f.Sid
	}
	return name
}

// policyFlags are the flags of `latchkey policy check`.
type policyFlags struct {
	clientFlags
	kind, resource string
	notes, asJSON  bool
}

func newPolicyCheck() *cobra.Command {
	var f policyFlags
	cmd := &cobra.Command{
		Use:   "check [FILE...]",
		Short: "Find what policies have that AWS does not document, or that would be refused",
		Long: `Find condition keys that AWS does not document, which AWS accepts and ignores. Here they make a Deny
hold, and an Allow allow nothing. Find also what S3 refuses in a resource policy: actions that do
not exist or do not apply to the resources of their statement, and condition keys that do not apply to its actions.
With --notes, say also which conditions are constant because no request to Latchkey has their key.

With files ("-" is standard input) the files are checked, without a server. Without a file, every policy that the
account has stored is checked: of users, roles, managed policies in all versions, buckets, Access Grants instances and
applications of Identity Center. Nothing is changed.

The exit code is 0 when there is nothing to change and 3 when there is; notes do not count.`,
		Example: `  latchkey policy check                     # what is stored
  latchkey policy check --notes --json
  latchkey policy check guardrail.json      # before it is stored
  latchkey policy check --resource arn:aws:s3:::lake bucket-policy.json`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	f.add(cmd)
	cmd.Flags().StringVar(&f.kind, "type", "",
		"the `type` of the files: identity, session, trust or resource (default: what their elements say)")
	cmd.Flags().StringVar(&f.resource, "resource", "",
		"the `ARN` of the bucket or the Access Grants instance of a resource policy (default: what its resources say)")
	cmd.Flags().BoolVar(&f.notes, "notes", false, "print also what nobody needs to change")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "print JSON")
	return cmd
}

func (f *policyFlags) run(cmd *cobra.Command, files []string) error {
	var found []policyFinding
	var err error
	if len(files) == 0 {
		if f.kind != "" || f.resource != "" {
			return errors.New("--type and --resource go with files")
		}
		found, err = f.stored(cmd.Context())
	} else {
		found, err = f.files(cmd.InOrStdin(), files)
	}
	if err != nil {
		return err
	}
	if err := f.print(cmd.OutOrStdout(), found); err != nil {
		return err
	}
	for _, x := range found {
		if x.Serious {
			return &exitError{code: 3}
		}
	}
	return nil
}

// stored asks the server about what is stored.
func (f *policyFlags) stored(ctx context.Context) ([]policyFinding, error) {
	c, err := f.client()
	if err != nil {
		return nil, err
	}
	var all []policyFinding
	in := &latchkey.ListPolicyFindingsRequest{Notes: &f.notes, MaxResults: new(int32(1000))}
	for more := true; more; more = awswire.Value(in.NextToken) != "" {
		page, err := call(ctx, c, latchkey.ListPolicyFindings, in)
		if err != nil {
			return nil, err
		}
		for _, x := range page.Findings {
			all = append(all, policyFinding{
				Kind:        awswire.Value(x.Kind),
				Serious:     awswire.Value(x.Serious),
				PolicyType:  awswire.Value(x.PolicyType),
				ResourceArn: awswire.Value(x.ResourceArn),
				PolicyName:  awswire.Value(x.PolicyName),
				Statement:   int(awswire.Value(x.Statement)),
				Sid:         awswire.Value(x.Sid),
				Subject:     awswire.Value(x.Subject),
				Text:        awswire.Value(x.Text),
			})
		}
		in.NextToken = page.NextToken
	}
	return all, nil
}

func (f *policyFlags) print(out io.Writer, found []policyFinding) error {
	if f.asJSON {
		enc := json.NewEncoder(inert{out})
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(append([]policyFinding{}, found...))
	}
	if len(found) == 0 {
		_, err := fmt.Fprintln(out, "nothing was found")
		return err
	}
	for _, x := range found {
		if _, err := fmt.Fprintf(out, "%s  %s\n  %s: %s\n", x.label(), clean(x.where()), clean(x.Subject),
			clean(x.Text)); err != nil {
			return err
		}
	}
	return nil
}

// label is how a finding begins.
func (f *policyFinding) label() string {
	if f.Serious {
		return "CHANGE"
	}
	return "note"
}

// readPolicyFile reads a file, or standard input for "-".
func readPolicyFile(in io.Reader, name string) (string, error) {
	if name == "-" {
		text, err := io.ReadAll(io.LimitReader(in, maxPolicyFile+1))
		return string(text), err
	}
	file, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxPolicyFile+1))
	return string(text), err
}

// maxPolicyFile is the longest file that is read, in bytes. It is far more than any service's limit.
const maxPolicyFile = 1 << 20
