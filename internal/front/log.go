package front

import (
	"cmp"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"latchkey/internal/awserror"
)

// report writes the one log record of the request, and counts it. docs/operations.md lists the fields. An answer that
// was cut short counts as status 500, whatever its first line said.
func (x *Exchange) report(told awserror.Error, err error, cut bool) {
	took := time.Since(x.Began)
	status, code := cmp.Or(x.out.status, http.StatusOK), told.Code
	if cut {
		status, code = http.StatusInternalServerError, cmp.Or(code, "InternalError")
	}
	if status >= http.StatusBadRequest && code == "" { // of a page that tells failures by their status alone
		code = strings.ReplaceAll(http.StatusText(status), " ", "")
	}
	if x.frame.Observe != nil {
		x.frame.Observe(x.Kind.Service, x.Operation, code, status, took)
	}
	level := levelOf(status, x.Kind.Quiet)
	if x.frame.Log == nil || !x.frame.Log.Enabled(x.request.Context(), level) {
		return
	}
	attrs := make([]slog.Attr, 0, 20)
	attrs = append(attrs, slog.String("service", x.Kind.Service), slog.String("op", x.Operation),
		slog.Int("status", status), slog.String("request", x.ID), slog.Duration("took", took))
	add := func(name, text string) {
		if text != "" {
			attrs = append(attrs, slog.String(name, text))
		}
	}
	if x.From.SourceIP.IsValid() {
		add("sourceIP", x.From.SourceIP.String())
	}
	who, account := x.Caller, x.Account
	if c := x.Call; c != nil {
		who, account = cmp.Or(c.ARN(), c.Event.UserIdentity.ARN), string(c.Target)
	}
	add("caller", who)
	add("account", account)
	if c := x.Call; c != nil {
		add("accessKey", c.AccessKeyID)
		if c.Session != nil {
			add("grant", c.Session.GrantID)
		}
	}
	if c := x.Call; c != nil && x.frame.Log.Enabled(x.request.Context(), slog.LevelDebug) {
		attrs = append(attrs, slog.Int("steps", c.Meter().Steps()))
	}
	attrs = append(attrs, x.Attrs...)
	add("code", code)
	if err != nil {
		add("error", err.Error())
	}
	if p, ok := errors.AsType[*panicError](err); ok && !aborts(err) {
		add("stack", string(p.stack))
	}
	x.frame.Log.LogAttrs(x.request.Context(), level, "request", attrs...)
}

// levelOf is the level of a request's record. Every failure of the server is an error, whoever caused it.
func levelOf(status int, quiet bool) slog.Level {
	switch {
	case status >= http.StatusInternalServerError:
		return slog.LevelError
	case quiet:
		return slog.LevelDebug
	}
	return slog.LevelInfo
}
