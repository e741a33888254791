package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
)

// auditFlags filter the audit records.
type auditFlags struct {
	client                             clientFlags
	event, principal, key, code, grant string
	reason, person                     string
	since, until                       string
	limit                              int
	asJSON                             bool
}

func newAudit() *cobra.Command {
	cmd := newGroup("audit", "Read the audit log")
	cmd.AddCommand(newAuditQuery(), newAuditTail())
	return cmd
}

func (f *auditFlags) add(cmd *cobra.Command) {
	f.client.add(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.event, "event", "", "only this operation, such as GetDataAccess")
	fl.StringVar(&f.principal, "principal", "", "only calls by this `ARN`")
	fl.StringVar(&f.key, "access-key", "", "only calls signed with this access key `id`")
	fl.StringVar(&f.code, "error-code", "", "only refusals with this code, such as AccessDenied")
	fl.StringVar(&f.grant, "grant", "", "only what this grant `id` answered, and what its credentials were refused")
	fl.StringVar(&f.reason, "reason", "", "only refusals for this reason, such as grant_deleted")
	fl.StringVar(&f.person, "person", "", "only calls for this directory user: a user name or `id`")
	fl.BoolVar(&f.asJSON, "json", false, "print each record as one line of JSON, as CloudTrail has it")
}

func (f *auditFlags) filter() *latchkey.QueryAuditRequest {
	return &latchkey.QueryAuditRequest{
		EventName:   awswire.Optional(f.event),
		Principal:   awswire.Optional(f.principal),
		AccessKeyId: awswire.Optional(f.key),
		ErrorCode:   awswire.Optional(f.code),
		GrantId:     awswire.Optional(f.grant),
		Reason:      awswire.Optional(f.reason),
		Person:      awswire.Optional(f.person),
	}
}

const pageSize = 1000 // records in an answer, at most

func newAuditQuery() *cobra.Command {
	var f auditFlags
	cmd := &cobra.Command{
		Use:   "query",
		Short: "List audit records, newest first",
		Example: `  latchkey audit query --event GetDataAccess --since 2h
  latchkey audit query --error-code AccessDenied --json
  latchkey audit query --person alice --reason membership_removed`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.client.client()
			if err != nil {
				return err
			}
			in := f.filter()
			in.NewestFirst = new(true)
			if in.StartTime, err = givenTime(f.since); err != nil {
				return err
			}
			if in.EndTime, err = givenTime(f.until); err != nil {
				return err
			}
			if f.limit < 1 {
				return fmt.Errorf("--limit %d: it must be 1 or more", f.limit)
			}
			for left := f.limit; left > 0; {
				in.MaxResults = new(int32(min(left, pageSize)))
				p, err := call(cmd.Context(), c, latchkey.QueryAudit, in)
				if err != nil {
					return err
				}
				if err := printEvents(cmd.OutOrStdout(), p.Events, f.asJSON); err != nil {
					return err
				}
				n := len(p.Events)
				if n < min(left, pageSize) {
					break
				}
				in.After, left = p.Events[n-1].Id, left-n
			}
			return nil
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&f.since, "since", "", "from this `time` on: RFC 3339, or a duration ago such as 2h")
	cmd.Flags().StringVar(&f.until, "until", "", "before this `time`")
	cmd.Flags().IntVar(&f.limit, "limit", 100, "at most this many records")
	return cmd
}

// parseTime reads a time, or a duration before now.
func parseTime(s string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(s); err == nil {
		return now.Add(-d), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, fmt.Errorf("time %q: it must be a time such as 2026-01-02T15:04:05Z, or a duration ago such as 2h", s)
	}
	return t, nil
}

// givenTime reads a time for an input, in whole seconds. It is nil for an empty text.
func givenTime(text string) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	t, err := parseTime(text, time.Now())
	return new(t.Truncate(time.Second)), err
}

func newAuditTail() *cobra.Command {
	var f auditFlags
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "Print audit records as they are made, until interrupted",
		Long:  `Print the audit records of the last minute, and then every further one as it is made, until interrupted.`,
		Example: `  latchkey audit tail
  latchkey audit tail --event GetDataAccess --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.client.client()
			if err != nil {
				return err
			}
			in := f.filter()
			in.MaxResults, in.StartTime = new(int32(pageSize)), new(time.Now().Add(-time.Minute).Truncate(time.Second))
			ticker := time.NewTicker(time.Second)
			defer ticker.Stop()
			for {
				p, err := call(cmd.Context(), c, latchkey.QueryAudit, in)
				if err != nil {
					if cmd.Context().Err() != nil {
						return nil
					}
					return err
				}
				if err := printEvents(cmd.OutOrStdout(), p.Events, f.asJSON); err != nil {
					return err
				}
				if n := len(p.Events); n > 0 {
					in.After = p.Events[n-1].Id
					if n == pageSize {
						continue // more is there
					}
				}
				select {
				case <-cmd.Context().Done():
					return nil
				case <-ticker.C:
				}
			}
		},
	}
	f.add(cmd)
	return cmd
}

func printEvents(out io.Writer, events []latchkey.Event, asJSON bool) error {
	for _, e := range events {
		if asJSON {
			if _, err := fmt.Fprintln(inert{out}, awswire.Value(e.Event)); err != nil {
				return err
			}
			continue
		}
		var r struct {
			EventTime         time.Time
			EventName         string
			ErrorCode         string
			UserIdentity      struct{ ARN, InvokedBy string }
			RequestParameters map[string]any
			Latchkey          struct {
				GrantID, Reason string
				Refusals        int64
			}
		}
		if err := json.Unmarshal([]byte(awswire.Value(e.Event)), &r); err != nil {
			return fmt.Errorf("record %s cannot be read: %w", awswire.Value(e.Id), err)
		}
		outcome, who := "ok", r.UserIdentity.ARN
		if r.ErrorCode != "" {
			outcome = r.ErrorCode
		}
		if who == "" {
			who = r.UserIdentity.InvokedBy
		}
		line := fmt.Sprintf("%s  %-32s %-14s %s", r.EventTime.Format(time.RFC3339), r.EventName, outcome, who)
		if t, ok := r.RequestParameters["target"].(string); ok {
			line += fmt.Sprintf("  %v %s", r.RequestParameters["permission"], t)
		}
		if b, ok := r.RequestParameters["bucketName"].(string); ok {
			line += "  s3://" + b
			if key, ok := r.RequestParameters["key"].(string); ok {
				line += "/" + key
			}
		}
		if r.Latchkey.GrantID != "" {
			line += "  grant " + r.Latchkey.GrantID
		}
		if r.Latchkey.Reason != "" {
			line += "  " + r.Latchkey.Reason
		}
		if r.Latchkey.Refusals > 0 {
			line += fmt.Sprintf("  %d more", r.Latchkey.Refusals)
		}
		if _, err := fmt.Fprintln(out, clean(line)); err != nil {
			return err
		}
	}
	return nil
}
