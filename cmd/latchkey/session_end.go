package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
	"latchkey/internal/control/sessions"
)

// endedGround is something that was cut, as it is printed.
type endedGround struct {
	Kind string
	ID   string `json:"Id"`
}

// endedSessions is what was ended, as it is printed.
type endedSessions struct {
	Count   int32
	Grounds []endedGround // the first ones
}

func newSessionEnd() *cobra.Command {
	var f clientFlags
	var which whichFlags
	var local localFlags
	var asJSON, onMachine bool
	cmd := &cobra.Command{
		Use:   "end",
		Short: "End sessions at their next request, for good",
		Long: `End every session that hangs on a person, a group and the people in it, a role, a user, a grant or an access key,
or one session, or those that the answering node has seen from an address. They end at their next request, and never
come back. Long-term keys go on working, and people may sign in: what is made from now on is not ended. To keep
somebody out, take away the right, too.

With --local, it works on the data folder itself, without a server and without a key: with SQLite while no server runs,
with PostgreSQL also while servers run. It is recorded in the audit log.`,
		Example: `  latchkey session end --person alice@example.org
  latchkey session end --role etl
  latchkey session end --source-ip 198.51.100.7
  latchkey session end --local --data /var/lib/latchkey --role etl`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := which.one(); err != nil {
				return err
			}
			var out *endedSessions
			var err error
			if onMachine {
				out, err = endLocally(cmd, &local, &f, &which)
			} else {
				out, err = endByServer(cmd, &f, &which)
			}
			if err != nil {
				return err
			}
			return out.print(cmd.OutOrStdout(), asJSON)
		},
	}
	f.add(cmd)
	which.add(cmd)
	which.addIP(cmd)
	local.add(cmd)
	cmd.Flags().BoolVar(&onMachine, "local", false, "work on the data folder itself, without a server")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func endByServer(cmd *cobra.Command, f *clientFlags, which *whichFlags) (*endedSessions, error) {
	c, err := f.client()
	if err != nil {
		return nil, err
	}
	ended, err := call(cmd.Context(), c, latchkey.EndSessions, &latchkey.EndSessionsRequest{
		User: awswire.Optional(which.person), Group: awswire.Optional(which.group),
		Principal: awswire.Optional(which.principal()), GrantId: awswire.Optional(which.grant),
		AccessKeyId: awswire.Optional(which.key), SourceIp: awswire.Optional(which.ip),
		SessionId: awswire.Optional(which.session),
	})
	if err != nil {
		return nil, err
	}
	out := &endedSessions{Count: awswire.Value(ended.Count)}
	for _, g := range ended.Grounds {
		out.Grounds = append(out.Grounds, endedGround{awswire.Value(g.Kind), awswire.Value(g.Id)})
	}
	return out, nil
}

func endLocally(cmd *cobra.Command, local *localFlags, f *clientFlags, which *whichFlags) (*endedSessions, error) {
	out := &endedSessions{}
	return out, local.do(cmd, f.data, func(l *localWork) error {
		ended, err := l.EndSessions(cmd.Context(), sessions.Which{
			User: which.person, Group: which.group, Principal: which.principal(), GrantID: which.grant,
			AccessKey: which.key, SourceIP: which.ip, Session: which.session,
		}, l.by)
		if err != nil {
			return err
		}
		out.Count = int32(min(ended.Count, 1<<31-1))
		for _, g := range ended.Grounds {
			out.Grounds = append(out.Grounds, endedGround{g.Kind.String(), g.ID})
		}
		return nil
	})
}

func (e *endedSessions) print(out io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(inert{out}).Encode(e)
	}
	if e.Count == 0 {
		_, err := fmt.Fprintln(out, "there is no such session")
		return err
	}
	for _, g := range e.Grounds {
		if _, err := fmt.Fprintf(out, "ended what hangs on %s %s\n", g.Kind, clean(g.ID)); err != nil {
			return err
		}
	}
	if more := int(e.Count) - len(e.Grounds); more > 0 {
		_, err := fmt.Fprintf(out, "and on %d more\n", more)
		return err
	}
	return nil
}
