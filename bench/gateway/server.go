package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/pprof"
	"net/url"
	"os"
	"runtime/debug"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/remote"
	"latchkey/internal/server"
)

// roleVariable makes this program a server: Latchkey is measured as a process of its own.
const roleVariable = "LATCHKEY_BENCH_ROLE"

// task is what the server is told on its standard input, and told is what it answers on its standard output.
type task struct {
	Folder, Store, Key, Secret string
}

type told struct {
	URL, Key, Secret, Profiles string
}

// serve is Latchkey in front of the store, until its standard input ends.
func serve() error {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	in := json.NewDecoder(os.Stdin)
	var t task
	if err := in.Decode(&t); err != nil {
		return err
	}
	at, err := url.Parse(t.Store)
	if err != nil {
		return err
	}
	keys := aws.Credentials{AccessKeyID: t.Key, SecretAccessKey: t.Secret}
	store, err := remote.New(remote.Options{Name: "bench", Endpoints: []*url.URL{at},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return keys, nil })})
	if err != nil {
		return err
	}
	defer store.Close()
	s, err := server.Open(ctx, server.Config{Listen: "127.0.0.1:0", Data: t.Folder, DrainTimeout: time.Second})
	if err != nil {
		return err
	}
	defer s.Close()
	s.Buckets.Upstream = store
	go server.PaceCollector(ctx) // as the program does
	profiles, err := profiling()
	if err != nil {
		return err
	}
	answer := told{s.URL(), s.Root.AccessKeyID, s.Root.Secret.Reveal(), profiles}
	if err := json.NewEncoder(os.Stdout).Encode(answer); err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	if err := s.Serve(ctx); err != nil {
		return err
	}
	if h := store.Health(); h.Away() { // the figures are those of refusals
		return fmt.Errorf("the store was away in the end: %+v", h)
	}
	return nil
}

// profiling serves profiles of this process. The program itself has no such page.
func profiling() (url string, err error) {
	l, err := listen()
	if err != nil {
		return "", err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/collect", func(http.ResponseWriter, *http.Request) { debug.FreeOSMemory() })
	go func() { _ = http.Serve(l, mux) }()
	return "http://" + l.Addr().String(), nil
}
