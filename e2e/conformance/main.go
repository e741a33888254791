package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"time"

	"latchkey/e2e/stores"
)

// options are the flags.
type options struct {
	lane, latchkey, run, folder string
	workers                     int
	update, page                bool
}

func main() {
	var o options
	flag.StringVar(&o.lane, "lane", "embedded", "which `lane` to run: embedded or gateway-versitygw")
	flag.StringVar(&o.latchkey, "latchkey", "", "the Latchkey `binary`")
	flag.StringVar(&o.run, "run", "", "only tests whose suite and name match a `regexp`; nothing is compared")
	flag.StringVar(&o.folder, "folder", ".", "the `folder` of results and differences")
	flag.IntVar(&o.workers, "workers", 4, "how many tests run at a time")
	flag.BoolVar(&o.update, "update", false, "write the results that came out")
	flag.BoolVar(&o.page, "page", false, "write docs/conformance.md from the results, and run nothing")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := o.do(ctx)
	stop()
	if missing, ok := errors.AsType[stores.Missing](err); ok {
		fmt.Println("conformance: skipped:", missing)
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func (o options) do(ctx context.Context) error {
	if o.page {
		text, err := page(o.folder)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(o.folder, pageFile), []byte(text), 0o644)
	}
	for _, l := range lanesOf(o.latchkey) {
		if l.name == o.lane {
			return o.runs(ctx, l)
		}
	}
	return fmt.Errorf("no lane is called %s", o.lane)
}

// runs runs a lane and compares, or updates, what its files say.
func (o options) runs(ctx context.Context, l lane) error {
	if _, err := stores.VersitygwProgram(); err != nil {
		return err
	}
	tests, err := readSuites(ctx)
	if err != nil {
		return err
	}
	only, err := regexp.Compile(o.run)
	if err != nil {
		return err
	}
	var chosen []test
	for _, t := range tests {
		if only.MatchString(t.id()) {
			chosen = append(chosen, t)
		}
	}
	began := time.Now()
	verdicts, err := l.run(ctx, chosen, o.workers)
	if err != nil {
		return err
	}
	fmt.Printf("conformance: %s: %d tests in %s\n", l.about, len(verdicts), time.Since(began).Round(time.Second))
	if o.run != "" {
		for _, v := range verdicts {
			fmt.Println(v.word, v.test.id(), v.message)
		}
		return nil
	}
	if !o.update {
		if verdicts, err = o.again(ctx, l, verdicts); err != nil {
			return err
		}
	}
	return o.compares(l, verdicts)
}

// compares compares verdicts with the lane's files.
func (o options) compares(l lane, verdicts []verdict) error {
	rows, err := readDifferences(filepath.Join(o.folder, l.differences()))
	if err != nil {
		return err
	}
	file := filepath.Join(o.folder, l.results())
	if o.update {
		var got []result
		for _, v := range verdicts {
			r, _ := resultOf(v, rows)
			got = append(got, r)
		}
		if err := writeResults(file, l.about+"; versitygw "+stores.VersitygwVersion, got); err != nil {
			return err
		}
	}
	kept, err := readResults(file)
	if err != nil {
		return err
	}
	complaints := check(verdicts, kept, rows)
	for _, c := range complaints {
		fmt.Println(c)
	}
	counts := map[string]int{}
	for _, v := range verdicts {
		counts[v.word]++
	}
	fmt.Println("conformance:", counts)
	if len(complaints) > 0 {
		return fmt.Errorf("%s: %d complaints", l.name, len(complaints))
	}
	fmt.Printf("conformance: %s: all %d tests came out as %s says\n", l.name, len(verdicts), l.results())
	return nil
}
