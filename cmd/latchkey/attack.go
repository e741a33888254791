package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"

	"latchkey/internal/attack"
)

// attackFlags say what is attacked and by whom.
type attackFlags struct {
	attack.Config
	groups   string
	json     bool
	accepted bool
}

func newAttack() *cobra.Command {
	var f attackFlags
	cmd := &cobra.Command{
		Use:   "attack --endpoint URL --access-key KEY --other KEY",
		Short: "Try the attack suite on any S3 gateway, and print a report",
		Long: `Try the attacks that docs/security-model.md lists on a gateway for S3, from outside: this server, or any other one.

It needs two credentials. The first makes a scratch bucket; the other has no rights in it. Their secrets come from
AWS_SECRET_ACCESS_KEY and OTHER_SECRET_ACCESS_KEY, never from the command line. With --other-principal, --role or
--bucket and --prefix there is also a credential that is limited to a prefix, which most groups need.

The run writes only into the bucket that it makes, or below names of its own in the bucket that it is given, and removes
what it wrote. It is an attack all the same: run it on what is yours. The exit code is 3 if a group is broken.`,
		Example: `  AWS_SECRET_ACCESS_KEY=... OTHER_SECRET_ACCESS_KEY=... latchkey attack --endpoint http://127.0.0.1:4242 \
    --access-key AKIA... --other AKIA... --other-principal arn:aws:iam::123456789012:user/eve --yes`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.Endpoint, "endpoint", "", "the gateway, such as http://127.0.0.1:4242")
	flags.StringVar(&f.Region, "region", firstOf(os.Getenv("AWS_REGION"), "us-east-1"), "the region of the scratch bucket")
	flags.StringVar(&f.Owner.AccessKeyID, "access-key", os.Getenv("AWS_ACCESS_KEY_ID"),
		"the key that makes the scratch bucket")
	flags.StringVar(&f.Other.AccessKeyID, "other", os.Getenv("OTHER_ACCESS_KEY_ID"),
		"a key without rights in the scratch bucket")
	flags.StringVar(&f.Principal, "other-principal", "",
		"how a bucket policy names the other: an ARN, or what the gateway takes")
	flags.StringVar(&f.Role, "role", "", "the ARN of a role that the other may assume, with rights in the scratch bucket")
	flags.StringVar(&f.Bucket, "bucket", "", "a bucket that is there, in place of a scratch bucket")
	flags.StringVar(&f.Prefix, "prefix", "", "the prefix of --bucket to which the other is limited, such as team/")
	flags.StringVar(&f.groups, "groups", "", "numbers of groups, such as 1,2,27; all unless given")
	flags.BoolVar(&f.json, "json", false, "print the report as JSON")
	flags.BoolVar(&f.accepted, "yes", false, "the gateway is mine, and I want it attacked")
	return cmd
}

func (f *attackFlags) run(cmd *cobra.Command) error {
	f.Owner.SecretAccessKey, f.Owner.SessionToken = os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN")
	f.Other.SecretAccessKey, f.Other.SessionToken = os.Getenv("OTHER_SECRET_ACCESS_KEY"), os.Getenv("OTHER_SESSION_TOKEN")
	whole := func(k aws.Credentials) bool { return k.AccessKeyID != "" && k.SecretAccessKey != "" }
	switch {
	case f.Endpoint == "":
		return errors.New("--endpoint is missing: the gateway, such as http://127.0.0.1:4242")
	case !whole(f.Owner):
		return errors.New("--access-key and AWS_SECRET_ACCESS_KEY must be the key that makes the scratch bucket")
	case !whole(f.Other):
		return errors.New("--other and OTHER_SECRET_ACCESS_KEY must be another key, without rights in the scratch bucket")
	case f.Owner.AccessKeyID == f.Other.AccessKeyID:
		return errors.New("--access-key and --other must be two keys, of two principals")
	case (f.Bucket == "") != (f.Prefix == "") || f.Prefix != "" && !strings.HasSuffix(f.Prefix, "/"):
		return errors.New("--bucket and --prefix belong together, and the prefix ends with a slash")
	case !f.accepted:
		return errors.New("this attacks " + f.Endpoint + ": say --yes if the gateway is yours")
	}
	numbers, err := groupNumbers(f.groups)
	if err != nil {
		return err
	}
	r, err := attack.Run(cmd.Context(), f.Config, numbers...)
	if err != nil {
		return err
	}
	if f.json {
		e := json.NewEncoder(cmd.OutOrStdout())
		e.SetIndent("", "  ")
		err = e.Encode(r)
	} else {
		err = printReport(cmd.OutOrStdout(), r)
	}
	if err == nil && r.Count(attack.Broken) > 0 {
		return &exitError{code: 3}
	}
	return err
}

// groupNumbers reads 1,2,27.
func groupNumbers(text string) (all []int, err error) {
	if text == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 1 || n > len(attack.Groups()) {
			return nil, fmt.Errorf("--groups %q: they are numbers from 1 to %d", text, len(attack.Groups()))
		}
		all = append(all, n)
	}
	return all, nil
}

func printReport(w io.Writer, r *attack.Report) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, f := range r.Findings {
		fmt.Fprintf(t, "%d\t%s\t%s\n", f.Number, f.Verdict, f.Title)
		for _, why := range f.Why {
			fmt.Fprintf(t, "\t\t  %s\n", why)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%s: %d held, %d broken, %d need more, %d not applicable; limited credential: %s\n",
		r.Endpoint,
		r.Count(attack.Held), r.Count(attack.Broken), r.Count(attack.NeedsMore), r.Count(attack.NotApplicable),
		firstOf(r.Scoped, "none"))
	for _, left := range r.Left {
		_, err = fmt.Fprintf(w, "not removed: %s\n", left)
	}
	return err
}
