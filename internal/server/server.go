// Package server is a whole Latchkey as a value. It opens the database, the engine, the control plane, the gateway and
// the embedded object store, puts them together, and serves them. Tests and the tour boot a server on port 0. The
// command line fills its Config.
//
// It knows no flag and prints nothing.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"latchkey/internal/api"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/buckets"
	"latchkey/internal/control/grants"
	"latchkey/internal/control/identitycenter"
	"latchkey/internal/control/identitystore"
	"latchkey/internal/control/ldapsync"
	"latchkey/internal/control/oauth"
	"latchkey/internal/control/policycheck"
	"latchkey/internal/control/portal"
	"latchkey/internal/control/principals"
	"latchkey/internal/control/provision/justintime"
	"latchkey/internal/control/sessions"
	"latchkey/internal/control/stores"
	"latchkey/internal/control/sts"
	"latchkey/internal/credential"
	"latchkey/internal/engine"
	"latchkey/internal/events"
	"latchkey/internal/front"
	"latchkey/internal/gateway"
	"latchkey/internal/maintenance"
	"latchkey/internal/objects"
	"latchkey/internal/oidc"
	"latchkey/internal/pages"
	"latchkey/internal/remotesign"
	"latchkey/internal/scim"
	"latchkey/internal/sightings"
	"latchkey/internal/sigv4"
	"latchkey/internal/store"
	"latchkey/internal/telemetry"
	"latchkey/internal/upstreams"
)

// Server is an open Latchkey. Serve serves it; Close releases it.
type Server struct {
	Config   Config
	Control  *control.Control
	Grants   *grants.Grants
	Buckets  *buckets.Buckets
	Gateway  *gateway.Gateway   // serves S3
	Root     principals.RootKey // the root key of Config.Account
	RootMade bool               // the root key was made just now, and must be shown

	db       *store.DB
	engine   *engine.Engine
	objects  *objects.Store
	tls      *tls.Config // nil: plain HTTP
	listener net.Listener
	metrics  net.Listener // nil: on listener
	router   *router
	own      http.Handler
	draining chan struct{}
	syncer   *ldapsync.Syncer

	upstreams *upstreams.Set // nil: the server's own store is the only one
	stores    *stores.Stores

	maintenance *maintenance.Loop
	events      *events.Recorder        // nil: no data event is recorded
	tracer      *telemetry.Tracer       // nil: no request is traced
	opened      map[string]*openedStore // by the name of the upstream
}

// Open opens everything and begins to listen. It serves nothing before Serve. If it returns an error, the Server is nil
// and nothing is left open.
func Open(ctx context.Context, c Config) (*Server, error) {
	if err := CheckSignInURL(c); err != nil { // before the defaults, which have domains that are for one machine
		return nil, err
	}
	s := &Server{Config: c.Defaults(), draining: make(chan struct{})}
	s.Config.Log = slog.New(front.BoundLog(s.Config.Log.Handler()))
	if err := s.open(ctx); err != nil {
		_ = s.Close() // only the first error is of use
		return nil, err
	}
	return s, nil
}

func (s *Server) open(ctx context.Context) error {
	c := s.Config
	// The checks of what a person may have got wrong come before the steps that make files.
	if err := s.loadCertificate(); err != nil {
		return err
	}
	if err := CheckPublicURL(c.PublicURL); err != nil {
		return err
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	ring, err := openRing(c)
	if err != nil {
		return err
	}
	if s.db, err = store.Open(ctx,
		store.Options{URL: c.Database, Path: filepath.Join(c.Data, "latchkey.db"), Now: c.Now, Log: c.Log}); err != nil {
		return &DatabaseError{err}
	}
	if err := s.db.CheckKey(ctx, ring); err != nil {
		return err
	}
	// The engine's clock is the real one, because it measures how long the database was silent.
	if s.engine, err = engine.Open(ctx, s.db, engine.Options{
		MaxStaleness: c.MaxStaleness, Log: c.Log, CutMemory: cutMemory(c),
	}); err != nil {
		return fmt.Errorf("load the snapshot: %w", err)
	}
	if s.objects, err = objects.Open(ctx, filepath.Join(c.Data, "objects"),
		objects.Options{Now: c.Now, Log: c.Log}); err != nil {
		return err
	}
	if err := s.openUpstreams(); err != nil {
		return err
	}
	if err := s.openStores(); err != nil {
		return err
	}
	if err := s.listen(ctx); err != nil {
		return err
	}
	if err := s.reseal(ctx, ring); err != nil {
		return err
	}
	if err := errors.Join(s.openEvents(ctx), s.openTraces(ctx)); err != nil {
		return err
	}
	s.wire(ring)
	if err := s.bootstrap(ctx); err != nil {
		return err
	}
	s.recoverBuckets(ctx)
	return nil
}

// DatabaseError is an error of Open: the database could not be opened. Its text never shows a password.
type DatabaseError struct{ err error }

func (e *DatabaseError) Error() string { return "open the database: " + e.err.Error() }

// Unwrap is the store's own error.
func (e *DatabaseError) Unwrap() error { return e.err }

func (s *Server) loadCertificate() error {
	if s.Config.TLSCert == "" && s.Config.TLSKey == "" {
		return nil
	}
	cert, err := tls.LoadX509KeyPair(s.Config.TLSCert, s.Config.TLSKey)
	if err != nil {
		return fmt.Errorf("load the TLS certificate: %w", err)
	}
	s.tls = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"}}
	return nil
}

// SealingKeysFile is the file in the data folder that keeps the key ring.
const SealingKeysFile = "sealing-keys"

func openRing(c Config) (*credential.Ring, error) {
	if c.SealingKey != "" {
		ring, err := credential.ParseRing(c.SealingKey)
		if err != nil {
			return nil, fmt.Errorf("the sealing key of the configuration: %w", err)
		}
		return ring, nil
	}
	if c.SealingKeyFile != "" { // a file that was named is never made: a wrong name must not look like a new server
		return credential.LoadRing(c.SealingKeyFile)
	}
	return credential.LoadOrCreateRing(filepath.Join(c.Data, SealingKeysFile))
}

// wire puts the parts together. No other code knows them all.
func (s *Server) wire(ring *credential.Ring) {
	c := s.Config
	m := newMetrics(s.engine)
	seen := sightings.New(c.Now())
	auth := &caller.Authenticator{
		Engine: s.engine, Ring: ring, Now: c.Now, Region: c.Region, Revocation: c.Revocation,
		Signatures: sigv4.Options{Keys: sigv4.NewKeyCache(4096)}, Saw: seen.Saw,
	}
	s.Control = &control.Control{
		DB: s.db, Engine: s.engine, Auth: auth, Ring: ring, Now: c.Now, Region: c.Region, Quotas: c.Quotas, Log: c.Log,
	}
	// one verifier for all, because its limits are for the whole server
	verifier := oidc.New(oidc.Options{AllowPrivate: c.PrivateIssuers, Now: c.Now})
	token := &sts.Tokens{Control: s.Control, Verifier: verifier}
	s.Grants = &grants.Grants{Control: s.Control, Tokens: token, Vendor: grants.Sealed{Ring: ring}, Observe: m.vended,
		Stores: s.storeOf}
	tokenExchange := &oauth.Exchange{
		Control: s.Control, Verifier: verifier, Session: c.DirectorySession, Default: c.Account,
	}
	tokenExchange.Provision = (&justintime.Provisioner{Control: s.Control}).Provision
	auth.Regrant, auth.MayAct = s.Grants.Regrant, oauth.MayAct
	signIn := &oauth.SignIn{Control: s.Control, Exchange: tokenExchange, Public: s.signInURL()}
	s.syncer = newSyncer(s.Control, c.Directories, m)
	s.Buckets = &buckets.Buckets{Control: s.Control, Upstream: s.objects, Upstreams: s.upstreams}
	s.stores = s.newStores(m)
	s.maintenance = s.newMaintenance(m)
	frame := &front.Frame{Control: s.Control, Proxies: c.TrustedProxies, Log: c.Log, Observe: m.observe,
		PageHost: c.pageHost(), Tracer: s.tracer}
	plane := &api.API{
		Sync:           s.syncer,
		Exchange:       tokenExchange,
		Sessions:       &sessions.Sessions{Control: s.Control, Seen: seen, Revocation: c.Revocation},
		SignIn:         signIn,
		Portal:         &portal.Portal{Control: s.Control, Exchange: tokenExchange, Tokens: token},
		Control:        s.Control,
		Grants:         s.Grants,
		PolicyCheck:    &policycheck.Checker{Control: s.Control},
		Principals:     &principals.Principals{Control: s.Control, PrivateIssuers: c.PrivateIssuers},
		Directory:      &identitystore.Directory{Control: s.Control},
		Tokens:         token,
		IdentityCenter: &identitycenter.Center{Control: s.Control},
		Auth:           auth,
		Operator:       c.Account,
		Frame:          frame,
	}
	plane.Buckets, plane.Stores = s.Buckets, s.stores
	domains := ownDomains(c)
	names := &names{domains: domains, port: portOf(s.listener)}
	s.Gateway = &gateway.Gateway{
		Control: s.Control, Buckets: s.Buckets, Grants: s.Grants, Auth: auth, Domains: domains, Frame: frame,
		AnyRegion: c.AnyRegion, Events: s.events,
	}
	if s.events != nil {
		m.registry.MustRegister(eventMetrics{s.events})
	}
	s.Grants.Direct = s.Gateway.WouldServe
	s.own = s.pages(frame, m)
	s.router = &router{
		own: s.own, keys: frame.Plain(quiet, "GetKeys", keySet(tokenExchange)),
		signIn: frame.Plain(own, "GetSignInDiscovery", signInDiscovery(s.engine, c, s.signInURL(), s.servers())),
		scim:   &scim.Handler{Control: s.Control, Auth: auth, Public: c.PublicURL, Strict: c.StrictSCIM, Frame: frame},
		pages:  &pages.Pages{SignIn: signIn, Auth: auth, Frame: frame}, api: plane.Handler(), s3: s.Gateway,
		bucketHost: s.Gateway.InHost, names: names,
		signing: &remotesign.Front{
			Control: s.Control, Auth: auth, Grants: s.Grants, Portal: plane.Portal, Frame: frame, Describe: s.describe,
			IsOwn: names.isOwnFor,
		},
	}
	s.router.pageHost, s.router.pagesURL = c.pageHost(), s.signInURL()
	s.router.moved = frame.Plain(own, "SendToPages", http.HandlerFunc(s.router.sendToPages))
	s.router.elsewhere = frame.Plain(own, "RefuseElsewhere", http.HandlerFunc(refuseElsewhere))
	s.router.refused = frame.Plain(own, "RefuseProxying", http.HandlerFunc(s.router.refuse))
	if s.metrics != nil {
		s.router.own = frame.Plain(quiet, "GetOwnPage", http.NotFoundHandler())
	}
}

// describe lets the gateway name a request that a client wants signed.
func (s *Server) describe(r *http.Request, body []byte) (remotesign.Described, error) {
	d, err := s.Gateway.Describe(r, body)
	if err != nil {
		return nil, err
	}
	return d, nil
}

func (s *Server) listen(ctx context.Context) (err error) {
	var lc net.ListenConfig
	if s.listener, err = lc.Listen(ctx, "tcp", s.Config.Listen); err != nil {
		return err // it names the address
	}
	if s.Config.Metrics != "" {
		if s.metrics, err = lc.Listen(ctx, "tcp", s.Config.Metrics); err != nil {
			return fmt.Errorf("listen for metrics: %w", err)
		}
	}
	return nil
}

func portOf(l net.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// URL is where the server answers. If the listener is on every address, URL has the loopback one.
func (s *Server) URL() string {
	scheme := "http"
	if s.tls != nil {
		scheme = "https"
	}
	host, port, _ := net.SplitHostPort(s.listener.Addr().String())
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// Exposed reports whether others than this machine can reach the server over plain HTTP.
func (s *Server) Exposed() bool {
	a, ok := s.listener.Addr().(*net.TCPAddr)
	return s.tls == nil && !(ok && a.IP.IsLoopback())
}

// Serve serves until ctx ends, then finishes the requests in flight and returns nil. It cuts off requests that take
// longer than Config.DrainTimeout to end, and returns an error then.
func (s *Server) Serve(ctx context.Context) error {
	defer s.synchronise(ctx)()
	defer s.maintain(ctx)()
	defer s.watchUpstreams(ctx)()
	defer s.endTraces(ctx)
	defer s.recordEvents(ctx)() // the last refusals are among them
	defer s.recordRefusals(ctx)()
	main := s.httpServer(s.router)
	main.ConnContext = withConn
	framed := framedListener{s.listener, s.tls, main.ErrorLog}
	servers := []*http.Server{main}
	var g errgroup.Group
	g.Go(func() error { return main.Serve(framed) })
	if s.metrics != nil {
		aside := s.httpServer(s.own)
		servers = append(servers, aside)
		g.Go(func() error { return aside.Serve(s.metrics) })
	}
	failed := make(chan error, 1)
	go func() { failed <- g.Wait() }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	close(s.draining)
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Config.DrainTimeout)
	defer cancel()
	var late error
	for _, h := range servers {
		if err := h.Shutdown(drain); err != nil {
			late = errors.Join(fmt.Errorf("requests in flight were cut off: %w", err), h.Close())
		}
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return errors.Join(err, late)
	}
	return late
}

func (s *Server) httpServer(h http.Handler) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true) // S3's clients speak nothing newer, and some misbehave when it is offered
	return &http.Server{
		Handler: patient(h), ConnState: unwatched, Protocols: protocols,
		ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(s.Config.Log.Handler(), slog.LevelWarn),
	}
}

// Close releases what Open opened. Call it after Serve has returned.
func (s *Server) Close() error {
	errs := []error{s.events.Close(), s.closeTraces()}
	if s.listener != nil {
		if err := s.listener.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if s.metrics != nil {
		if err := s.metrics.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	for _, store := range s.opened {
		store.client.Close()
	}
	if s.objects != nil {
		errs = append(errs, s.objects.Close())
	}
	errs = append(errs, s.upstreams.Close())
	if s.engine != nil {
		errs = append(errs, s.engine.Close())
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	return errors.Join(errs...)
}
