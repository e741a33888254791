package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
)

func newSession() *cobra.Command {
	cmd := newGroup("session", "See who holds live credentials, and end them now")
	cmd.AddCommand(newSessionList(), newSessionEnd(), newSessionHistory())
	return cmd
}

// whichFlags name sessions by something that they hang on.
type whichFlags struct{ person, group, role, user, grant, key, ip, session string }

func (f *whichFlags) add(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.person, "person", "", "a user of the directory: `id`, name or email address")
	fl.StringVar(&f.group, "group", "", "a group of the directory and the people in it: `id` or name")
	fl.StringVar(&f.role, "role", "", "a role: `name` or ARN")
	fl.StringVar(&f.user, "user", "", "a user of IAM: `name` or ARN, or root")
	fl.StringVar(&f.grant, "grant", "", "a grant's `id`")
	fl.StringVar(&f.key, "access-key", "", "an access key `id`: a long-term one, or that of one session")
	fl.StringVar(&f.session, "session", "", "one session: its `id`, or the name of a vended credential's session")
}

func (f *whichFlags) addIP(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.ip, "source-ip", "", "sessions that this node has seen from this `address`")
}

// given is how many of the flags are given.
func (f *whichFlags) given() (n int) {
	for _, v := range []string{f.person, f.group, f.role, f.user, f.grant, f.key, f.ip, f.session} {
		if v != "" {
			n++
		}
	}
	return n
}

// one refuses anything but one flag.
func (f *whichFlags) one() error {
	if f.given() != 1 {
		return errors.New("say which sessions, by one of --person, --group, --role, --user, --grant, --access-key, " +
			"--session and --source-ip")
	}
	return nil
}

// principal is the role or user as the server's own service names it.
func (f *whichFlags) principal() string {
	switch {
	case f.role != "":
		return principalName("role/", f.role)
	case f.user != "" && f.user != "root":
		return principalName("user/", f.user)
	}
	return f.user
}

func principalName(kind, name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	return kind + name
}

// session is a session as it is printed.
type session struct {
	SessionID   string `json:"SessionId"`
	Kind        string
	Status      string
	Reason      string     `json:",omitempty"`
	Principal   string     `json:",omitempty"`
	SessionName string     `json:",omitempty"`
	RequestedBy string     `json:",omitempty"`
	UserID      string     `json:"UserId,omitempty"`
	UserName    string     `json:",omitempty"`
	GrantID     string     `json:"GrantId,omitempty"`
	GrantScope  string     `json:",omitempty"`
	Permission  string     `json:",omitempty"`
	AccessKeyID string     `json:"AccessKeyId,omitempty"`
	SourceIP    string     `json:"SourceIp,omitempty"`
	Issued      time.Time  `json:"IssuedTime"`
	Expires     time.Time  `json:"ExpirationTime"`
	LastUsed    *time.Time `json:"LastUsedTime,omitempty"`
}

func newPrintedSession(s *latchkey.Session) *session {
	v := awswire.Value[string]
	return &session{
		SessionID: v(s.SessionId), Kind: v(s.Kind), Status: v(s.Status), Reason: v(s.Reason), Principal: v(s.Principal),
		SessionName: v(s.SessionName), RequestedBy: v(s.RequestedBy), UserID: v(s.UserId), UserName: v(s.UserName),
		GrantID: v(s.GrantId), GrantScope: v(s.GrantScope), Permission: v(s.Permission), AccessKeyID: v(s.AccessKeyId),
		SourceIP: v(s.SourceIp), Issued: awswire.Value(s.IssuedTime), Expires: awswire.Value(s.ExpirationTime),
		LastUsed: s.LastUsedTime,
	}
}

// columns are the session as a line for a person.
func (s *session) columns() []string {
	who, what, used := s.RequestedBy, "as "+s.Principal, "not seen in use here"
	switch {
	case s.UserName != "":
		who = "person " + s.UserName
	case s.UserID != "":
		who = "person " + s.UserID
	}
	if s.GrantID != "" {
		what = fmt.Sprintf("grant %s %s %s", s.GrantID, s.Permission, s.GrantScope)
	}
	if s.LastUsed != nil {
		used = fmt.Sprintf("used %s from %s", s.LastUsed.Format(time.RFC3339), s.SourceIP)
	}
	state := s.Status
	if s.Reason != "" {
		state += ": " + s.Reason
	}
	return []string{
		s.SessionID, who, what, s.Issued.Format(time.RFC3339) + " to " + s.Expires.Format(time.RFC3339), used, state,
	}
}

func newSessionList() *cobra.Command {
	var f clientFlags
	var which whichFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Tell who holds credentials that have not expired",
		Long: `Tell who holds credentials that have not expired: since when, until when, by which grant, and when they were
used last. The audit log says which were made. Last uses are those that the answering node has seen itself. A session
that is ENDED is refused at its next request: the reason says what it hung on. LIVE says that everything it hangs on
stands; a policy that was narrowed since is noticed when the session is used.`,
		Example: `  latchkey session list
  latchkey session list --person alice@example.org
  latchkey session list --grant a35e42a4-0c3b-4d9b-8e8e-111111111111 --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if which.given() > 1 {
				return which.one()
			}
			c, err := f.client()
			if err != nil {
				return err
			}
			in := &latchkey.ListSessionsRequest{
				User: awswire.Optional(which.person), Group: awswire.Optional(which.group),
				Principal: awswire.Optional(which.principal()), GrantId: awswire.Optional(which.grant),
				AccessKeyId: awswire.Optional(which.key), SourceIp: awswire.Optional(which.ip),
				SessionId: awswire.Optional(which.session), MaxResults: new(int32(pageSize)),
			}
			return printPages(cmd.OutOrStdout(), asJSON, "nobody", func(next *string) ([]*session, *string, error) {
				in.NextToken = next
				out, err := call(cmd.Context(), c, latchkey.ListSessions, in)
				if err != nil {
					return nil, nil, err
				}
				var page []*session
				for i := range out.Sessions {
					page = append(page, newPrintedSession(&out.Sessions[i]))
				}
				return page, out.NextToken, nil
			}, (*session).columns)
		},
	}
	f.add(cmd)
	which.add(cmd)
	which.addIP(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print each as one line of JSON")
	return cmd
}

// printPages asks for a page after the other and prints them as they come: lines of JSON, or columns, which are
// lined up within a page.
func printPages[T any](
	out io.Writer, asJSON bool, none string, ask func(next *string) ([]T, *string, error), columns func(T) []string,
) error {
	n := 0
	enc := json.NewEncoder(inert{out})
	enc.SetEscapeHTML(false)
	for next := (*string)(nil); ; {
		page, after, err := ask(next)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
		for _, item := range page {
			n++
			if asJSON {
				if err := enc.Encode(item); err != nil {
					return err
				}
				continue
			}
			texts := columns(item)
			for k := range texts {
				texts[k] = clean(texts[k])
			}
			fmt.Fprintln(w, strings.TrimRight(strings.Join(texts, "\t"), "\t"))
		}
		if err := w.Flush(); err != nil {
			return err
		}
		if awswire.Value(after) == "" {
			break
		}
		next = after
	}
	if n == 0 && !asJSON {
		fmt.Fprintln(out, none)
	}
	return nil
}
