package api

import (
	"context"
	"time"

	wire "latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/control/sessions"
)

func (a *API) registerSessions(m *awswire.Mux[*control.Call]) {
	awswire.Handle(m, wire.ListSessions, a.listSessions)
	awswire.Handle(m, wire.EndSessions, a.endSessions)
	awswire.Handle(m, wire.ListSessionHistory, a.listSessionHistory)
	awswire.Handle(m, wire.ListMembershipHistory, a.listMembershipHistory)
}

func pageOf(size *int32, token *string) sessions.Page {
	return sessions.Page{Size: pageSize(size), Token: awswire.Value(token)}
}

func (a *API) listSessions(
	ctx context.Context, c *control.Call, in *wire.ListSessionsRequest,
) (*wire.ListSessionsResponse, error) {
	list, err := a.Sessions.List(ctx, c, sessions.Which{
		User: awswire.Value(in.User), Group: awswire.Value(in.Group), Principal: awswire.Value(in.Principal),
		GrantID: awswire.Value(in.GrantId), AccessKey: awswire.Value(in.AccessKeyId), SourceIP: awswire.Value(in.SourceIp),
		Session: awswire.Value(in.SessionId),
	}, pageOf(in.MaxResults, in.NextToken))
	if err != nil {
		return nil, err
	}
	out := &wire.ListSessionsResponse{
		SeenSince: new(list.SeenSince.Truncate(time.Second)), NextToken: awswire.Optional(list.Next),
	}
	for _, e := range list.Entries {
		out.Sessions = append(out.Sessions, sessionOut(e))
	}
	return out, nil
}

func sessionOut(e *sessions.Entry) wire.Session {
	s := wire.Session{
		SessionId:      awswire.Optional(e.SessionID),
		Kind:           new(e.Kind),
		Status:         new("LIVE"),
		Reason:         awswire.Optional(e.Reason),
		Principal:      awswire.Optional(e.Principal),
		SessionName:    awswire.Optional(e.Name),
		RequestedBy:    awswire.Optional(e.RequestedBy),
		UserId:         awswire.Optional(e.UserID),
		UserName:       awswire.Optional(e.UserName),
		GrantId:        awswire.Optional(e.GrantID),
		GrantScope:     awswire.Optional(e.GrantScope),
		Permission:     awswire.Optional(e.Permission),
		AccessKeyId:    awswire.Optional(e.AccessKeyID),
		SourceIp:       awswire.Optional(e.SourceIP),
		IssuedTime:     new(e.Issued),
		ExpirationTime: new(e.Expires),
	}
	if e.Ended {
		s.Status = new("ENDED")
	}
	if !e.LastUsed.IsZero() {
		s.LastUsedTime = new(e.LastUsed)
	}
	return s
}

func (a *API) endSessions(
	ctx context.Context, c *control.Call, in *wire.EndSessionsRequest,
) (*wire.EndSessionsResponse, error) {
	ended, err := a.Sessions.End(ctx, c, sessions.Which{
		User: awswire.Value(in.User), Group: awswire.Value(in.Group), Principal: awswire.Value(in.Principal),
		GrantID: awswire.Value(in.GrantId), AccessKey: awswire.Value(in.AccessKeyId), SourceIP: awswire.Value(in.SourceIp),
		Session: awswire.Value(in.SessionId),
	})
	if err != nil {
		return nil, err
	}
	out := &wire.EndSessionsResponse{Count: count(ended.Count)}
	for _, g := range ended.Grounds {
		out.Grounds = append(out.Grounds, wire.Ground{Kind: new(g.Kind.String()), Id: new(g.ID)})
	}
	return out, nil
}

func (a *API) listSessionHistory(
	ctx context.Context, c *control.Call, in *wire.ListSessionHistoryRequest,
) (*wire.ListSessionHistoryResponse, error) {
	history, err := a.Sessions.History(ctx, c, sessions.Which{
		User: awswire.Value(in.User), Group: awswire.Value(in.Group), Principal: awswire.Value(in.Principal),
		GrantID: awswire.Value(in.GrantId), AccessKey: awswire.Value(in.AccessKeyId), Session: awswire.Value(in.SessionId),
	}, pageOf(in.MaxResults, in.NextToken))
	if err != nil {
		return nil, err
	}
	out := &wire.ListSessionHistoryResponse{NextToken: awswire.Optional(history.Next)}
	for _, cut := range history.Cuts {
		out.Cuts = append(out.Cuts, wire.Cut{
			Kind: new(cut.Kind.String()), Id: new(cut.ID), Time: new(cut.At), Reason: new(cut.Reason),
		})
	}
	return out, nil
}

func (a *API) listMembershipHistory(
	ctx context.Context, c *control.Call, in *wire.ListMembershipHistoryRequest,
) (*wire.ListMembershipHistoryResponse, error) {
	page, err := a.Sessions.Memberships(ctx, c, sessions.Then{
		User: awswire.Value(in.User), Group: awswire.Value(in.Group), At: awswire.Value(in.AsOf),
	}, pageOf(in.MaxResults, in.NextToken))
	if err != nil {
		return nil, err
	}
	out := &wire.ListMembershipHistoryResponse{NextToken: awswire.Optional(page.Next)}
	for _, m := range page.Members {
		p := wire.PastMembership{
			UserId: new(string(m.User)), UserName: awswire.Optional(m.UserName), GroupId: new(string(m.Group)),
			GroupName: awswire.Optional(m.GroupName), Since: new(m.Since), CreatedBy: awswire.Optional(m.CreatedBy),
		}
		if !m.Until.IsZero() {
			p.Until = new(m.Until)
		}
		out.Memberships = append(out.Memberships, p)
	}
	return out, nil
}
