package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	if os.Getenv(roleVariable) == "server" {
		exit(serve())
	}
	o := options{}
	flag.StringVar(&o.only, "only", "", "small, large or memory; empty: all")
	flag.StringVar(&o.profiles, "profile", "", "the folder for CPU profiles")
	flag.IntVar(&o.small, "small", 3000, "requests of each kind for 1 KiB objects")
	flag.Int64Var(&o.bytes, "bytes", 2<<30, "bytes of each kind for large objects")
	flag.Int64Var(&o.upload, "upload", 5<<30, "bytes of the large upload")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	exit(run(ctx, o))
}

type options struct {
	only, profiles string
	small          int
	bytes, upload  int64
}

func run(ctx context.Context, o options) error {
	w, err := start(ctx)
	if err != nil {
		return err
	}
	defer w.stop()
	for _, part := range []struct {
		name string
		run  func(context.Context, *world, options) error
	}{{"small", small}, {"large", large}, {"memory", memory}} {
		if o.only == "" || o.only == part.name {
			if err := part.run(ctx, w, o); err != nil {
				return fmt.Errorf("%s: %w", part.name, err)
			}
		}
	}
	return nil
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/gateway:", err)
		os.Exit(1)
	}
	os.Exit(0)
}
