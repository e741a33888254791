package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
)

// entitlement is somebody and a grant as they are printed.
type entitlement struct {
	Type                string
	Principal           string `json:",omitempty"`
	UserID              string `json:"UserId,omitempty"`
	UserName            string `json:",omitempty"`
	DisplayName         string `json:",omitempty"`
	GroupID             string `json:"GroupId,omitempty"`
	GroupName           string `json:",omitempty"`
	GrantID             string `json:"GrantId"`
	GrantScope          string
	Permission          string
	LocationID          string `json:"LocationId"`
	GrantApplicationArn string `json:",omitempty"`
	ApplicationArn      string `json:",omitempty"`
	Open                bool
	Reason              string `json:",omitempty"`
	Direct              *bool  `json:",omitempty"` // plain S3 requests would be served
	DirectReason        string `json:",omitempty"`
	AssertedAllowed     *bool  `json:",omitempty"` // the grant answers people whom an engine names
}

func newEntitlements(all []latchkey.Entitlement) []entitlement {
	list := make([]entitlement, 0, len(all))
	for _, r := range all {
		list = append(list, entitlement{
			Type:                awswire.Value(r.Type),
			Principal:           awswire.Value(r.Principal),
			UserID:              awswire.Value(r.UserId),
			UserName:            awswire.Value(r.UserName),
			DisplayName:         awswire.Value(r.DisplayName),
			GroupID:             awswire.Value(r.GroupId),
			GroupName:           awswire.Value(r.GroupName),
			GrantID:             awswire.Value(r.GrantId),
			GrantScope:          awswire.Value(r.GrantScope),
			Permission:          awswire.Value(r.Permission),
			LocationID:          awswire.Value(r.LocationId),
			GrantApplicationArn: awswire.Value(r.GrantApplicationArn),
			ApplicationArn:      awswire.Value(r.ApplicationArn),
			Open:                awswire.Value(r.Open),
			Reason:              awswire.Value(r.Reason),
			Direct:              r.Direct,
			DirectReason:        awswire.Value(r.DirectReason),
			AssertedAllowed:     r.AssertedAllowed,
		})
	}
	return list
}

func (r *entitlement) who() string {
	switch {
	case r.UserName != "":
		return "person " + r.UserName
	case r.UserID != "":
		return "person " + r.UserID
	}
	return r.Principal
}

func (r *entitlement) via() string {
	if r.GroupID == "" {
		return "directly"
	}
	return "via " + r.GroupName
}

func (r *entitlement) state() string {
	switch {
	case !r.Open:
		return "NO: " + r.Reason
	case r.GrantApplicationArn != "":
		return "through " + r.GrantApplicationArn + " only"
	case r.Direct != nil && !*r.Direct:
		return "by GetDataAccess only: " + r.DirectReason
	}
	return ""
}

func newWhoCan() *cobra.Command {
	var f clientFlags
	var permission string
	var object, all, asJSON bool
	cmd := &cobra.Command{
		Use:   "who-can s3://BUCKET/PREFIX* [--permission READ]",
		Short: "Tell everybody who gets to a prefix or an object",
		Long: `Tell every person, user and role for whom GetDataAccess would answer about a target now: by which grant, and
through which group. It is decided by the same code as GetDataAccess. People come through an application and a role
that only their session knows: told are those for whom some application will do, supposed that its role may call
GetDataAccess. A role that holds grants is told itself. With --all those are told too who hold a grant that covers the
target and are kept from using it, with the reason.`,
		Example: `  latchkey who-can 's3://lake/finance/*'
  latchkey who-can s3://lake/finance/q1.csv --permission WRITE --all
  latchkey who-can 's3://lake/*' --json | jq -r 'select(.UserName) | .UserName'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return hint(errors.New("one target is needed"), "latchkey who-can 's3://lake/finance/*' --permission READ")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := f.client()
			if err != nil {
				return err
			}
			in := &latchkey.WhoCanRequest{Target: &args[0], Permission: &permission, All: &all, MaxResults: new(int32(pageSize))}
			if object {
				in.TargetType = new("Object")
			}
			return printEntitlements(cmd.OutOrStdout(), asJSON, "nobody",
				pages(func(next *string) ([]latchkey.Entitlement, *string, error) {
					in.NextToken = next
					out, err := call(cmd.Context(), c, latchkey.WhoCan, in)
					return awswire.Value(out).Entries, awswire.Value(out).NextToken, err
				}), func(r *entitlement) []string {
					return []string{r.who(), r.via(), r.Permission, r.GrantScope, r.GrantID, r.state()}
				})
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&permission, "permission", "READ", "READ, WRITE or READWRITE")
	cmd.Flags().BoolVar(&object, "object", false, "the target is one object (targetType Object)")
	cmd.Flags().BoolVar(&all, "all", false, "tell of those too who hold a grant and cannot use it")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print each as one line of JSON")
	return cmd
}

// pages asks for a page after the other until there is no next one.
func pages(ask func(next *string) ([]latchkey.Entitlement, *string, error)) iter.Seq2[[]entitlement, error] {
	return func(yield func([]entitlement, error) bool) {
		var next *string
		for {
			page, after, err := ask(next)
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(newEntitlements(page), nil) || awswire.Value(after) == "" {
				return
			}
			next = after
		}
	}
}

// printEntitlements prints pages as they come: lines of JSON, or columns, which are lined up within a page.
func printEntitlements(
	out io.Writer, asJSON bool, none string, pages iter.Seq2[[]entitlement, error], columns func(*entitlement) []string,
) error {
	n := 0
	enc := json.NewEncoder(inert{out})
	enc.SetEscapeHTML(false)
	for page, err := range pages {
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
		for i := range page {
			n++
			if asJSON {
				if err := enc.Encode(&page[i]); err != nil {
					return err
				}
				continue
			}
			texts := columns(&page[i])
			for k := range texts {
				texts[k] = clean(texts[k])
			}
			fmt.Fprintln(w, strings.TrimRight(strings.Join(texts, "\t"), "\t"))
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	if n == 0 && !asJSON {
		fmt.Fprintln(out, none)
	}
	return nil
}
