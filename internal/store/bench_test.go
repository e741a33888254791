package store_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

// each runs a benchmark on both databases. PostgreSQL is a server of its own that syncs to the disk.
func each(b *testing.B, run func(*testing.B, *store.DB)) {
	b.Run("sqlite", func(b *testing.B) { run(b, openSQLite(b, filepath.Join(b.TempDir(), "latchkey.db"))) })
	b.Run("postgresql", func(b *testing.B) {
		s, err := storetest.StartServer()
		if err != nil {
			b.Skip(err)
		}
		b.Cleanup(s.Stop)
		db := openPostgreSQL(b, s.Database(b))
		run(b, db)
		db.Close()
	})
}

// callers runs b.N calls from n goroutines at once.
func callers(b *testing.B, n int, call func(context.Context) error) {
	b.ResetTimer()
	start := time.Now()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			for range b.N/n + min(1, b.N%n/(i+1)) {
				if err := call(b.Context()); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "calls/s")
}

func vendedEvent() audit.Event {
	e := storetest.NewEvent("GetDataAccess")
	e.EventTime = time.Now()
	e.SourceIPAddress, e.UserAgent = "192.0.2.1",
		"Boto3/1.40 md/Botocore#1.40 ua/2.1 os/linux#6.1 md/arch#x86_64 lang/python#3.13"
	e.RequestID, e.EventID = "0123456789ABCDEF", "5a8c8b62-6c53-4b1c-a7d5-0a5c1a2b3c4d"
	e.RequestParameters = map[string]any{
		"target":     "s3://lake/finance/2026/*",
		"permission": "READ",
		"privilege":  "Default",
	}
	e.Latchkey = &audit.Addendum{
		GrantID:    "5a8c8b62-6c53-4b1c-a7d5-0a5c1a2b3c4e",
		GrantScope: "s3://lake/finance/*",
		Grantee:    "g-1",
	}
	return e
}

func BenchmarkRecord(b *testing.B) {
	each(b, func(b *testing.B, db *store.DB) {
		for _, c := range []int{1, 8, 64} {
			b.Run(fmt.Sprint("c=", c), func(b *testing.B) {
				e := vendedEvent()
				callers(b, c, func(ctx context.Context) error { return db.Record(ctx, e) })
			})
		}
	})
}

func BenchmarkUpdate(b *testing.B) {
	each(b, func(b *testing.B, db *store.DB) {
		for _, c := range []int{1, 8, 64} {
			b.Run(fmt.Sprint("c=", c), func(b *testing.B) {
				callers(b, c, func(ctx context.Context) error {
					g := storetest.NewGrant(b, "111122223333", "s3://bucket/"+storetest.NewGrantID().String()+"/*", "u-1")
					_, err := db.Update(ctx, func(tx *store.Tx) error {
						if err := tx.Record(vendedEvent()); err != nil {
							return err
						}
						return store.InsertGrant(tx, &g)
					})
					return err
				})
			})
		}
	})
}

// BenchmarkGrants loads, scans, lists and counts LATCHKEY_BENCH_GRANTS grants (100,000 unless set).
func BenchmarkGrants(b *testing.B) {
	n := 100_000
	if s := os.Getenv("LATCHKEY_BENCH_GRANTS"); s != "" {
		n, _ = strconv.Atoi(s)
	}
	each(b, func(b *testing.B, db *store.DB) {
		start := time.Now()
		for done := 0; done < n; done += 10_000 {
			batch := make([]access.Grant, min(10_000, n-done))
			for i := range batch {
				k := done + i
				batch[i] = storetest.NewGrant(b, "111122223333", fmt.Sprintf("s3://lake-%d/team-%d/project-%d/*", k%50, k%1000, k),
					fmt.Sprint("user-", k%(n/100)))
				batch[i].Permission = access.Permission(k%3 + 1)
			}
			batch[0].Grantee.Type = access.DirectoryGroup
			if _, err := db.Update(b.Context(), func(tx *store.Tx) error {
				return storetest.InsertGrants(tx, batch)
			}); err != nil {
				b.Fatal(err)
			}
		}
		b.Logf("%d grants loaded in %v", n, time.Since(start))
		b.Run("scan", func(b *testing.B) {
			for range b.N {
				seen := 0
				for _, err := range store.ScanGrants(b.Context(), db) {
					if err != nil {
						b.Fatal(err)
					}
					seen++
				}
				if seen != n {
					b.Fatal(seen)
				}
			}
		})
		base := store.GrantFilter{Account: "111122223333", Region: "us-east-1"}
		for name, set := range map[string]func(*store.GrantFilter){
			"grantee":              func(f *store.GrantFilter) { f.GranteeID = "user-7" },
			"scope":                func(f *store.GrantFilter) { f.Scope = "s3://lake-7/team-7/project-7/*" },
			"permission":           func(f *store.GrantFilter) { f.Permission = access.Write },
			"application":          func(f *store.GrantFilter) { f.ApplicationARN = "arn:aws:sso::1:application/none" },
			"the rarest type":      func(f *store.GrantFilter) { f.GranteeType = access.DirectoryGroup },
			"a type that none has": func(f *store.GrantFilter) { f.GranteeType = access.IAM },
		} {
			f := base
			set(&f)
			b.Run("list by "+name, func(b *testing.B) {
				for range b.N {
					if _, err := store.GrantsPage(b.Context(), db, f, 0, 1000); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		b.Run("count", func(b *testing.B) {
			for range b.N {
				if got, err := store.GrantCount(b.Context(), db, base.Account, base.Region); err != nil || got != int64(n) {
					b.Fatal(got, err)
				}
			}
		})
	})
}
