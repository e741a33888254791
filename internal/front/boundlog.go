package front

import (
	"context"
	"fmt"
	"log/slog"

	"latchkey/internal/fault"
)

// The longest texts in a line of the log, in bytes: of one value, and of all values of a line together. A stack trace
// is the longest that this program itself logs. A handler may escape bytes, so that a line is longer by some factor.
const (
	maxLogValue = 8 << 10
	maxLogLine  = 32 << 10
)

// BoundLog returns a handler that clips what is too long for a line, whoever logs it. Clients can choose many of the
// values: paths, headers, and what stands in an error.
func BoundLog(h slog.Handler) slog.Handler { return &boundLog{h} }

type boundLog struct{ slog.Handler }

// Handle hands a record on. A record in which nothing is too long is handed on as it is.
func (b *boundLog) Handle(ctx context.Context, r slog.Record) error {
	size, long := len(r.Message), len(r.Message) > maxLogValue
	r.Attrs(func(a slog.Attr) bool {
		n := sizeOf(a.Value)
		size, long = size+n, long || n > maxLogValue
		return true
	})
	if !long && size <= maxLogLine {
		return b.Handler.Handle(ctx, r)
	}
	c := &clipper{left: maxLogLine}
	short := slog.NewRecord(r.Time, r.Level, c.clip(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		short.AddAttrs(slog.Attr{Key: a.Key, Value: c.value(a.Value)})
		return true
	})
	return b.Handler.Handle(ctx, short)
}

// WithAttrs returns a handler that adds values to every record, within the same bounds.
func (b *boundLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := &clipper{left: maxLogLine}
	short := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		short[i] = slog.Attr{Key: a.Key, Value: c.value(a.Value)}
	}
	return &boundLog{b.Handler.WithAttrs(short)}
}

// WithGroup returns a handler with the same bounds.
func (b *boundLog) WithGroup(name string) slog.Handler { return &boundLog{b.Handler.WithGroup(name)} }

// textOf is the text of a value whose length a client may choose. ok is false for numbers, times and the like.
func textOf(v slog.Value) (text string, ok bool) {
	switch v.Kind() {
	case slog.KindString:
		return v.String(), true
	case slog.KindAny:
		return fmt.Sprint(v.Any()), true
	}
	return "", false
}

func sizeOf(v slog.Value) int {
	v = v.Resolve()
	if v.Kind() == slog.KindGroup {
		n := 0
		for _, a := range v.Group() {
			n += sizeOf(a.Value)
		}
		return n
	}
	text, _ := textOf(v)
	return len(text)
}

// clipper clips the values of one line.
type clipper struct{ left int }

func (c *clipper) clip(s string) string {
	const mark = 3 // bytes of the mark that fault.Clip leaves
	s = fault.Clip(s, max(min(maxLogValue, c.left), mark))
	c.left = max(c.left-len(s), 0)
	return s
}

func (c *clipper) value(v slog.Value) slog.Value {
	v = v.Resolve()
	if v.Kind() == slog.KindGroup {
		all := make([]slog.Attr, len(v.Group()))
		for i, a := range v.Group() {
			all[i] = slog.Attr{Key: a.Key, Value: c.value(a.Value)}
		}
		return slog.GroupValue(all...)
	}
	if text, ok := textOf(v); ok {
		return slog.StringValue(c.clip(text))
	}
	return v
}
