package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
)

// newDirectoryIssuer groups the commands for what AWS does not have for trusted token issuers.
func newDirectoryIssuer() *cobra.Command {
	cmd := newGroup("issuer", "Say of whom a trusted token issuer may speak")
	cmd.AddCommand(newIssuerLimit())
	return cmd
}

func newIssuerLimit() *cobra.Command {
	var f clientFlags
	var arn, claim string
	var domains, sources []string
	var clearAll, asJSON bool
	cmd := &cobra.Command{
		Use:   "limit",
		Short: "Show or set the e-mail domains and the sources of people of whom an issuer may speak",
		Long: `Show or set of whom a trusted token issuer may speak. Without a limit it may speak of every user whom its claim
names. The given limits replace all earlier ones; without any, the present ones are shown.`,
		Example: `  latchkey directory issuer limit --issuer-arn "$arn" --email-domain example.org --source scim
  latchkey directory issuer limit --issuer-arn "$arn" --clear`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if arn == "" {
				return fmt.Errorf("say which: give --issuer-arn")
			}
			sets := len(domains)+len(sources) > 0 || claim != ""
			if clearAll && sets {
				return fmt.Errorf("--clear stands alone")
			}
			c, err := f.client()
			if err != nil {
				return err
			}
			if sets || clearAll {
				if _, err := call(cmd.Context(), c, latchkey.PutIssuerLimits, &latchkey.PutIssuerLimitsRequest{
					TrustedTokenIssuerArn: &arn, EmailDomains: domains, Sources: sources, SubjectClaim: awswire.Optional(claim),
				}); err != nil {
					return err
				}
			}
			l, err := call(cmd.Context(), c, latchkey.GetIssuerLimits,
				&latchkey.GetIssuerLimitsRequest{TrustedTokenIssuerArn: &arn})
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(inert{cmd.OutOrStdout()}).Encode(struct {
					EmailDomains []string
					Sources      []string
					SubjectClaim string `json:",omitempty"`
				}{l.EmailDomains, l.Sources, awswire.Value(l.SubjectClaim)})
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "e-mail domains: %s\nsources: %s\nsubject claim: %s\n",
				anyOf(l.EmailDomains), anyOf(l.Sources), cmp.Or(clean(awswire.Value(l.SubjectClaim)), "by default"))
			return err
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&arn, "issuer-arn", "", "the `ARN` of the trusted token issuer")
	cmd.Flags().StringSliceVar(&domains, "email-domain", nil, "a `domain` of people's addresses; may be repeated")
	cmd.Flags().StringSliceVar(&sources, "source", nil,
		"a `source` that brought people: administrator, scim, ldap:NAME or oidc:ISSUER-URL; may be repeated")
	cmd.Flags().StringVar(&claim, "subject-claim", "", "the `claim` with a person's immutable id; default sub, Entra ID oid")
	cmd.Flags().BoolVar(&clearAll, "clear", false, "remove all limits")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// anyOf names the values of a limit.
func anyOf(all []string) string {
	if len(all) == 0 {
		return "any"
	}
	return clean(strings.Join(all, ", "))
}
