package server

import "testing"

func TestCollectorPercent(t *testing.T) {
	for live, want := range map[uint64]int{
		0:         400,
		1 << 20:   400,
		32 << 20:  400,
		64 << 20:  200,
		128 << 20: 100,
		10 << 30:  100,
	} {
		if got := collectorPercent(live); got != want {
			t.Errorf("a live heap of %d bytes gets %d %%, want %d %%", live, got, want)
		}
	}
}
