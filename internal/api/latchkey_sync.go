package api

import (
	"context"

	wire "latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/control/ldapsync"
	"latchkey/internal/fault"
)

// syncDirectory synchronises a source of the directory now, or reports what a run would do. It answers when the run has
// ended.
func (a *API) syncDirectory(
	ctx context.Context, c *control.Call, in *wire.SyncDirectoryRequest,
) (*wire.SyncDirectoryResponse, error) {
	if a.Sync == nil {
		return nil, fault.New(fault.NotFound, fault.Source,
			"The server has no directory sources: it was started without --directories")
	}
	o := ldapsync.Options{DryRun: awswire.Value(in.DryRun), Force: awswire.Value(in.Force), Limit: 100}
	if in.MaxResults != nil {
		o.Limit = int(*in.MaxResults)
	}
	r, err := a.Sync.Sync(ctx, c, awswire.Value(in.Source), o)
	if err != nil {
		return nil, err
	}
	n := &r.Counts
	out := &wire.SyncDirectoryResponse{
		Source:             new(r.Source),
		DryRun:             new(r.DryRun),
		Applied:            new(r.Applied),
		Refused:            awswire.Optional(r.Refused),
		Truncated:          new(r.Truncated),
		UsersRead:          count(n.UsersRead),
		GroupsRead:         count(n.GroupsRead),
		ForeignMembers:     count(n.ForeignMembers),
		UsersCreated:       count(n.UsersCreated),
		UsersUpdated:       count(n.UsersUpdated),
		UsersDisabled:      count(n.UsersDisabled),
		UsersDeleted:       count(n.UsersDeleted),
		GroupsCreated:      count(n.GroupsCreated),
		GroupsUpdated:      count(n.GroupsUpdated),
		GroupsDeleted:      count(n.GroupsDeleted),
		MembershipsCreated: count(n.MembershipsCreated),
		MembershipsDeleted: count(n.MembershipsDeleted),
		LosingAccess:       count(r.Losing),
		GainingAccess:      count(r.Gaining),
	}
	for _, d := range r.Changes {
		out.Changes = append(out.Changes, wire.Change{Kind: new(d.Kind), Name: new(d.Name), Text: new(d.Text)})
	}
	for i := range r.Access {
		out.Access = append(out.Access, accessChangeOut(r, &r.Access[i]))
	}
	out.Conflicts = r.Conflicts
	if len(out.Conflicts) > o.Limit {
		out.Conflicts, out.Truncated = out.Conflicts[:o.Limit], new(true)
	}
	return out, nil
}

func count(n int) *int32 { return new(int32(min(n, 1<<31-1))) }

// accessChangeOut is access that a user loses or gains by a run.
func accessChangeOut(r *ldapsync.Report, x *ldapsync.AccessChange) wire.AccessChange {
	change := wire.AccessChange{
		UserId:     awswire.Optional(string(x.User)),
		UserName:   new(x.Name),
		Change:     new("LOST"),
		Region:     new(x.Grant.Region),
		GrantScope: new(x.Grant.Scope.String()),
		Permission: new(x.Grant.Permission.String()),
		GrantId:    new(x.Grant.ID.String()),
	}
	if x.Gained {
		change.Change = new("GAINED")
	}
	if x.Via != "" {
		change.Via = new(r.NameOf(x.Via))
	}
	return change
}
