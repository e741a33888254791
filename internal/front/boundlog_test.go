package front

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

func TestAttack44_ALineOfTheLogIsBounded(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	for name, log := range map[string]func(*slog.Logger){
		"the message": func(l *slog.Logger) { l.Info(long) },
		"a text":      func(l *slog.Logger) { l.Info("request", "key", long) },
		"an error":    func(l *slog.Logger) { l.Info("request", "error", errors.New(long)) },
		"a group":     func(l *slog.Logger) { l.Info("request", slog.Group("g", "a", long, "b", long)) },
		"a value of the logger": func(l *slog.Logger) {
			l.With("key", long).WithGroup("g").Info("request", "path", long)
		},
		"many texts": func(l *slog.Logger) {
			for range 20 {
				l = l.With("n", 1)
			}
			l.Info("request", "a", long[:maxLogValue], "b", long[:maxLogValue], "c", long[:maxLogValue], "d", long[:maxLogValue],
				"e", long[:maxLogValue], "f", long[:maxLogValue])
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			log(slog.New(BoundLog(slog.NewJSONHandler(&out, nil))))
			if out.Len() > 2*maxLogLine || !strings.Contains(out.String(), "xxx...") {
				t.Errorf("%d bytes: %.200s", out.Len(), out.String())
			}
		})
	}
}

func TestAUsualLineOfTheLogIsLeftAlone(t *testing.T) {
	var bounded, plain bytes.Buffer
	noTime := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}
	for l, h := range map[*bytes.Buffer]slog.Handler{
		&bounded: BoundLog(slog.NewJSONHandler(&bounded, noTime)), &plain: slog.NewJSONHandler(&plain, noTime),
	} {
		slog.New(h).With("op", "GetObject").Info("request", "status", 200, "error", errors.New("no"), slog.Group("g", "n", 1))
		if l.Len() == 0 {
			t.Error("nothing was logged")
		}
	}
	if bounded.String() != plain.String() {
		t.Errorf("%s, without bounds %s", &bounded, &plain)
	}
}
