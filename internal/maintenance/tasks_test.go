package maintenance

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/credential"
	"latchkey/internal/objects"
	"latchkey/internal/store"
)

// runAll runs passes until no task is due.
func (n *node) runAll(w *world) {
	w.Helper()
	for range 20 {
		if n.Pass(w.Context()) > minWait {
			return
		}
	}
	w.Fatal("it does not come to an end")
}

func (n *node) removed() (sum int64) {
	for _, r := range n.runs {
		sum += r.Removed
	}
	return sum
}

func TestChangesAreForgottenButForTheNewestRevisions(t *testing.T) {
	onBoth(t, changesAreForgottenButForTheNewestRevisions)
}

func changesAreForgottenButForTheNewestRevisions(t *testing.T, w *world) {
	const revisions, keep = 30, 10
	for i := range revisions {
		w.update(func(tx *store.Tx) error {
			return store.TokenUses.Insert(tx, &store.TokenUse{ID: fmt.Sprint(i), Expires: w.now()})
		})
	}
	n := w.node(Changes(keep))
	n.runAll(w)
	if n.removed() != revisions-keep {
		t.Errorf("%d changes were forgotten", n.removed())
	}
	if got, err := w.db.Changes(t.Context(), revisions-keep, 100); err != nil || len(got) != keep {
		t.Errorf("a node that is %d revisions behind got %d changes, %v", keep, len(got), err)
	}
	if _, err := w.db.Changes(t.Context(), revisions-keep-1, 100); !errors.Is(err, store.ErrPruned) {
		t.Errorf("a node that is further behind got %v", err)
	}
	w.advance(time.Hour)
	if n.runAll(w); n.removed() != revisions-keep {
		t.Errorf("another run forgot %d changes in all", n.removed())
	}
}

func TestRowsThatHaveNoMoreUseGo(t *testing.T) { onBoth(t, rowsThatHaveNoMoreUseGo) }

func rowsThatHaveNoMoreUseGo(t *testing.T, w *world) {
	w.update(func(tx *store.Tx) error {
		for i := range 2*entitiesBatch + 50 { // two of three are obsolete
			u := &store.TokenUse{ID: fmt.Sprint(i), Expires: w.now().Add(-2 * time.Hour)}
			if i%3 == 0 {
				u.Expires = w.now().Add(time.Hour)
			}
			if err := store.TokenUses.Insert(tx, u); err != nil {
				return err
			}
		}
		return nil
	})
	n := w.node(Expired(w.db, &store.TokenUses))
	n.runAll(w)
	if n.removed() != 300 {
		t.Errorf("%d rows were removed", n.removed())
	}
	if left, err := store.TokenUses.Count(t.Context(), w.db, ""); err != nil || left != 150 {
		t.Errorf("%d rows are left, %v", left, err)
	}
	w.advance(2 * time.Hour)
	if n.runAll(w); n.removed() != 300 {
		t.Error("a row went that only just expired")
	}
}

func TestEndedSessionsAreForgottenAndHistoryIsNot(t *testing.T) {
	onBoth(t, endedSessionsAreForgottenAndHistoryIsNot)
}

func endedSessionsAreForgottenAndHistoryIsNot(t *testing.T, w *world) {
	session := credential.Ground{Kind: credential.OnSession, ID: "1"}
	person := credential.Ground{Kind: credential.OnPerson, ID: session.ID}
	w.update(func(tx *store.Tx) error { return tx.Cut(store.Ended, session, person) })
	left := func(g credential.Ground) int {
		t.Helper()
		all, err := store.CutsOf(t.Context(), w.db, g, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	n := w.node(SessionCuts(37 * time.Hour))
	w.advance(36 * time.Hour)
	if n.runAll(w); left(session) != 1 {
		t.Error("a session that may live was forgotten")
	}
	w.advance(2 * time.Hour)
	if n.runAll(w); left(session) != 0 || left(person) != 1 {
		t.Errorf("%d cuts of the session and %d of the person are left", left(session), left(person))
	}
}

func (w *world) records(f store.AuditFilter) []store.Record {
	w.Helper()
	f.Limit = 10_000
	all, err := w.db.Events(w.Context(), f)
	if err != nil {
		w.Fatal(err)
	}
	return all
}

func (w *world) record(n int) {
	w.Helper()
	for range n {
		e := audit.Event{EventName: "Something", RecipientAccountID: "111122223333"}
		if err := w.db.Record(w.Context(), e); err != nil {
			w.Fatal(err)
		}
	}
}

func TestAuditRecordsGoAfterTheirRetention(t *testing.T) {
	onBoth(t, auditRecordsGoAfterTheirRetention)
}

func auditRecordsGoAfterTheirRetention(t *testing.T, w *world) {
	const old, young = rowsBatch + 200, 5
	w.record(old)
	w.advance(24 * time.Hour)
	w.record(young)
	w.advance(6 * 24 * time.Hour) // now the old ones are seven days old, and the young ones six
	const week = 7 * 24 * time.Hour
	n := w.node(AuditRetention(Retention{Keep: week - time.Minute, Account: "123456789012", Region: "eu-central-1"}))
	n.runAll(w)
	if n.removed() != old {
		t.Errorf("%d records were removed", n.removed())
	}
	all := w.records(store.AuditFilter{})
	if len(all) != young+2 { // a removal for every batch
		t.Fatalf("%d records are left", len(all))
	}
	logged := 0.0
	for _, r := range all[young:] {
		e := r.Event
		logged += e.ResponseElements["removed"].(float64)
		if e.EventName != RemovalEvent || e.EventSource != EventSource || e.RecipientAccountID != "123456789012" ||
			e.UserIdentity.Type != "AWSService" || e.EventType != "AwsServiceEvent" || e.AWSRegion != "eu-central-1" ||
			e.EventID == "" {
			t.Errorf("%+v", e)
		}
		until, err := time.Parse(time.RFC3339Nano, e.ResponseElements["until"].(string))
		from, err2 := time.Parse(time.RFC3339Nano, e.ResponseElements["from"].(string))
		if err != nil || err2 != nil || until.Before(from) || from.Before(start) || until.After(start.Add(time.Hour)) {
			t.Errorf("from %v until %v, %v", from, until, errors.Join(err, err2))
		}
	}
	if logged != old {
		t.Errorf("the log tells of %v removals", logged)
	}
	w.advance(6 * time.Hour)
	if n.runAll(w); n.removed() != old {
		t.Error("younger records were removed")
	}
}

func TestAuditRecordsOfADayAreKept(t *testing.T) {
	w := newWorld(t)
	w.record(1)
	w.advance(23 * time.Hour)
	n := w.node(AuditRetention(Retention{Keep: time.Minute, Account: "123456789012"}))
	if n.runAll(w); n.removed() != 0 {
		t.Error("what happened today cannot be looked up")
	}
}

// A removal and its audit record are one commit: neither exists without the other.
func TestARemovalThatCannotBeRecordedIsNone(t *testing.T) {
	onBoth(t, aRemovalThatCannotBeRecordedIsNone)
}

func aRemovalThatCannotBeRecordedIsNone(t *testing.T, w *world) {
	w.record(3)
	w.advance(48 * time.Hour)
	n := w.node(AuditRetention(Retention{Keep: 24 * time.Hour, Account: "123456789012"}))
	commit := n.Update
	n.Update = func(ctx context.Context, fn func(*store.Tx) error) error {
		return commit(ctx, func(tx *store.Tx) error { return errors.Join(fn(tx), errors.New("a crash before the commit")) })
	}
	n.Pass(t.Context())
	if all := w.records(store.AuditFilter{}); len(all) != 3 || n.removed() != 0 || !n.runs[0].Failed {
		t.Errorf("%d records are left, %+v", len(all), n.runs)
	}
	n.Update = commit
	w.advance(retryAfter)
	if n.runAll(w); n.removed() != 3 || len(w.records(store.AuditFilter{EventName: RemovalEvent})) != 1 {
		t.Errorf("%+v", n.runs)
	}
}

func TestTheAuditLogIsCounted(t *testing.T) { onBoth(t, theAuditLogIsCounted) }

func theAuditLogIsCounted(t *testing.T, w *world) {
	w.record(rowsBatch + 10)
	n := w.node(AuditSize())
	size := func() store.AuditSize {
		n.runAll(w)
		s, err := store.ReadAuditSize(t.Context(), w.db)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if s := size(); s.Records != 0 {
		t.Errorf("another node may record what is as new: %+v", s)
	}
	w.advance(time.Hour)
	if s := size(); s.Records != rowsBatch+10 || s.Bytes < 100*(rowsBatch+10) || n.removed() != 0 {
		t.Errorf("%+v", s)
	}
}

func TestObjectStoreIsCleanedUp(t *testing.T) {
	w := newWorld(t)
	dir := t.TempDir()
	s, err := objects.Open(t.Context(), dir, objects.Options{Now: w.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.CreateBucket(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	content := strings.Repeat("x", 1<<20)
	body := objects.Body{Reader: strings.NewReader(content), Length: int64(len(content))}
	if _, err := s.Put(t.Context(), objects.Put{Bucket: "b", Key: "kept", Body: body}); err != nil {
		t.Fatal(err)
	}
	u, err := s.CreateUpload(t.Context(), objects.CreateUpload{Bucket: "b", Key: "u"})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{strings.Repeat("0", 32), strings.Repeat("f", 32)} { // in the first part and the last
		file := filepath.Join(dir, "blobs", name[:2], name[2:4], name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	n := w.node(Blobs(s), Uploads(s, time.Minute)) // shorter than MinUploadRetention
	n.runAll(w)
	w.advance(23 * time.Hour)
	if n.runAll(w); n.removed() != 0 {
		t.Errorf("%+v", n.runs)
	}
	w.advance(time.Hour + time.Second)
	if n.runAll(w); n.removed() != 3 {
		t.Errorf("%+v", n.runs)
	}
	if err := s.AbortUpload(t.Context(), "b", "u", u.ID); err == nil {
		t.Error("the upload is still there")
	}
	files := 0
	err = filepath.WalkDir(filepath.Join(dir, "blobs"), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files++
		}
		return err
	})
	if err != nil || files != 1 {
		t.Errorf("%d files are left, %v", files, err)
	}
}
