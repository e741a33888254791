// Command run starts every store that can be had here, prints where each is and with which keys, and waits for an
// interrupt. `make stores` runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"latchkey/e2e/stores"
)

func main() {
	latchkey := flag.String("latchkey", "", "the Latchkey `binary` to start as a store")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *latchkey)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "stores:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, latchkey string) error {
	dir, err := os.MkdirTemp("", "stores-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, s := range stores.All(latchkey) {
		store, err := s.Start(ctx, filepath.Join(dir, s.Name))
		if missing, ok := errors.AsType[stores.Missing](err); ok {
			fmt.Println("skipped:", missing)
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		defer store.Stop()
		fmt.Printf("%s %s\n  endpoint %s\n  AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s AWS_REGION=%s\n",
			store.Name, store.Version, store.Endpoint, store.AccessKey, store.SecretKey, stores.Region)
	}
	fmt.Println("they run until an interrupt")
	<-ctx.Done()
	return nil
}
