package gateway

import (
	"strconv"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/audit"
)

// noting counts refusals without a server.
type noting struct {
	refusals
	now  time.Time
	made int
}

func (n *noting) session(principal, id, reason string) {
	k := refusalKey{whose: "session", who: id, account: "111122223333", reason: reason}
	n.note(k, principal, n.now, n.records)
}

func (n *noting) stranger(from string) {
	n.note(refusalKey{whose: "source", who: from, account: "111122223333", reason: "x"}, "anonymous", n.now, n.records)
}

func (n *noting) records() []audit.Event {
	n.made++
	return []audit.Event{{EventID: strconv.Itoa(n.made), Resources: []audit.Resource{{ARN: "a"}},
		Latchkey: &audit.Addendum{GrantID: "g"}}}
}

// total is how many refusals the records tell of.
func total(records []audit.Event) (n int64) {
	for _, e := range records {
		n += max(1, e.Latchkey.Refusals)
	}
	return n
}

func TestOneRecordForASessionAndReason(t *testing.T) {
	n := &noting{now: time.Now()}
	for range 10 {
		n.session("p", "s", "r")
	}
	n.session("p", "s", "other")
	n.session("p", "s2", "r")
	records, _ := n.end(n.now.Add(refusalInterval-1), false)
	if len(records) != 3 || n.made != 3 {
		t.Fatalf("%d records", len(records))
	}
	records, _ = n.end(n.now.Add(refusalInterval), false)
	if len(records) != 1 || records[0].Latchkey.Refusals != 9 || records[0].Latchkey.Whose != "session" ||
		records[0].EventID == "1" || records[0].Latchkey.GrantID != "g" {
		t.Fatalf("%+v", records)
	}
	if len(n.counts) != 0 || len(n.groups) != 0 || n.folded != 0 {
		t.Errorf("what is over is not forgotten: %+v", n.counts)
	}
	t.Run("a refusal after the interval begins another one", func(t *testing.T) {
		n.session("p", "s", "r")
		n.session("p", "s", "r")
		n.now = n.now.Add(refusalInterval)
		n.session("p", "s", "r")
		if records, _ := n.end(n.now, false); len(records) != 3 || total(records) != 3 || len(n.counts) != 1 {
			t.Errorf("%+v", records)
		}
	})
	t.Run("a shutdown ends all intervals", func(t *testing.T) {
		n.session("p", "s", "r")
		if records, _ := n.end(n.now, true); len(records) != 1 || records[0].Latchkey.Refusals != 1 || len(n.counts) != 0 {
			t.Errorf("%+v", records)
		}
	})
}

// Whoever has many sessions, or many addresses, leaves room for others, and every refusal is counted.
func TestAttack54_ManySessionsLeaveRoomForOthers(t *testing.T) {
	for name, x := range map[string]struct {
		attack func(n *noting, i int)
		whose  string
	}{
		"sessions of one principal": {func(n *noting, i int) { n.session("evil", strconv.Itoa(i), "r") }, "principal"},
		"addresses of strangers":    {func(n *noting, i int) { n.stranger(strconv.Itoa(i)) }, "anonymous"},
		"principals": {func(n *noting, i int) {
			n.session("evil"+strconv.Itoa(i), strconv.Itoa(i), "r")
		}, "account"},
	} {
		t.Run(name, func(t *testing.T) {
			n := &noting{now: time.Now()}
			const many = 3 * maxRefusals
			for i := range many {
				x.attack(n, i)
			}
			if len(n.counts) > maxRefusals+maxFolded || len(n.unwritten) > maxUnwritten || len(n.groups) > maxRefusals {
				t.Errorf("%d places, %d records, %d groups", len(n.counts), len(n.unwritten), len(n.groups))
			}
			if x.whose != "account" {
				if len(n.counts) > maxAnonymous+1 {
					t.Errorf("one attacker has %d places", len(n.counts))
				}
				made := n.made
				n.session("honest", "h", "r")
				if n.made != made+1 {
					t.Error("somebody else's refusal leaves no record")
				}
			}
			records, lost := n.end(n.now, true)
			want := int64(many)
			if x.whose != "account" {
				want++
			}
			if got := total(records) + lost; got != want {
				t.Errorf("%d refusals are counted, want %d", got, want)
			}
			folded := false
			for _, e := range records {
				if e.Latchkey.Whose == x.whose {
					folded = true
					if e.Resources != nil || e.Latchkey.GrantID != "" {
						t.Errorf("one request stands for many: %+v", e)
					}
				}
			}
			if !folded {
				t.Errorf("no record counts the rest as those of the %s", x.whose)
			}
		})
	}
}

// Accounts are few, but whoever has thousands of them does not fill the memory either.
func TestPlacesForManyAccountsAreBounded(t *testing.T) {
	n := &noting{now: time.Now()}
	const many = maxAnonymous + 2*maxFolded
	for i := range many {
		k := refusalKey{whose: "source", who: strconv.Itoa(i), account: access.AccountID(strconv.Itoa(i)), reason: "x"}
		n.note(k, "anonymous", n.now, n.records)
	}
	if n.folded > maxFolded || len(n.counts) > maxAnonymous+maxFolded {
		t.Errorf("%d places, %d of them for many", len(n.counts), n.folded)
	}
	if records, lost := n.end(n.now, true); total(records)+lost != many || lost == 0 {
		t.Errorf("%d refusals are counted, %d lost", total(records), lost)
	}
}

func TestRecordsThatCannotBeWrittenAreBounded(t *testing.T) {
	n := &noting{now: time.Now()}
	var all []audit.Event
	var told int64
	for range 3 {
		for i := range 2 * maxRefusals {
			n.session(strconv.Itoa(i), strconv.Itoa(i), "r")
		}
		records, lost := n.end(n.now, true)
		n.back(records)
		all, told = records, told+lost
	}
	if len(n.unwritten) > maxUnwritten || len(all) > maxUnwritten {
		t.Errorf("%d records wait", len(n.unwritten))
	}
	n.back(all)
	n.back(all)
	if len(n.unwritten) > maxUnwritten {
		t.Errorf("%d records wait after they were put back", len(n.unwritten))
	}
	if told == 0 {
		t.Error("nobody is told that refusals were lost")
	}
}
