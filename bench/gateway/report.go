package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

func ms(d time.Duration) string { return fmt.Sprintf("%.3f ms", float64(d)/1e6) }

// small measures 1 KiB objects.
func small(ctx context.Context, w *world, o options) error {
	fmt.Println("\n| 1 KiB | clients | the store alone, p50 | Latchkey adds: p50 | p10 | versitygw's proxy adds: p50 | p10 | " +
		"CPU of Latchkey | of the proxy |\n|---|---|---|---|---|---|---|---|---|")
	for _, method := range []string{http.MethodGet, http.MethodPut} {
		for _, clients := range []int{1, 8} {
			k := work{method + " 1 KiB", method, 1 << 10, clients, 15, o.small / 15}
			err := w.profiled(o, fmt.Sprint(k.name, " ", clients), func() error {
				r, err := w.measure(ctx, k)
				if err != nil {
					return err
				}
				n := time.Duration(len(r[1].took))
				fmt.Printf("| %s | %d | %s | %s | %s | %s | %s | %.0f us | %.0f us |\n", method, clients, ms(r[0].p(.5)),
					ms(r[1].p(.5)-r[0].p(.5)), ms(r[1].p(.1)-r[0].p(.1)), ms(r[2].p(.5)-r[0].p(.5)), ms(r[2].p(.1)-r[0].p(.1)),
					float64(r[1].cpu/n)/1e3, float64(r[2].cpu/n)/1e3)
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// large measures 8 and 64 MiB objects.
func large(ctx context.Context, w *world, o options) error {
	fmt.Println("\n| | clients | the store alone | Latchkey | of the store | versitygw's proxy | of the store | " +
		"CPU of Latchkey for a GiB | of the proxy |\n|---|---|---|---|---|---|---|---|---|")
	for _, size := range []int{8 << 20, 64 << 20} {
		for _, method := range []string{http.MethodGet, http.MethodPut} {
			for _, clients := range []int{1, 8} {
				rounds := 4
				each := max(int(o.bytes)/size/rounds, clients)
				k := work{fmt.Sprintf("%s %d MiB", method, size>>20), method, size, clients, rounds, each}
				err := w.profiled(o, fmt.Sprint(k.name, " ", clients), func() error {
					r, err := w.measure(ctx, k)
					if err != nil {
						return err
					}
					perGiB := func(r result) float64 { return r.cpu.Seconds() / (float64(r.bytes) / (1 << 30)) }
					fmt.Printf("| %s | %d | %.0f MB/s | %.0f MB/s | %.1f %% | %.0f MB/s | %.1f %% | %.2f s | %.2f s |\n", k.name,
						clients, r[0].rate(), r[1].rate(), 100*r[1].rate()/r[0].rate(), r[2].rate(), 100*r[2].rate()/r[0].rate(),
						perGiB(r[1]), perGiB(r[2]))
					return nil
				})
				if err != nil {
					return err
				}
			}
		}
	}
	return nil
}
