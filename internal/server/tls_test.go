package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certificate writes a certificate for 127.0.0.1 and its key into files.
func certificate(t *testing.T) (cert, key string, roots *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	bits, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key, roots = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"), x509.NewCertPool()
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	roots.AppendCertsFromPEM(text)
	if err := os.WriteFile(cert, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: bits}), 0o600); err != nil {
		t.Fatal(err)
	}
	return cert, key, roots
}

func TestTLS(t *testing.T) {
	cert, key, roots := certificate(t)
	s := boot(t, Config{TLSCert: cert, TLSKey: key})
	if !strings.HasPrefix(s.URL(), "https://127.0.0.1:") || s.Exposed() {
		t.Errorf("URL %s, exposed %v", s.URL(), s.Exposed())
	}
	get := func(c *tls.Config) (int, error) {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: c, DisableKeepAlives: true}}
		resp, err := client.Get(s.URL() + "/healthz")
		if err != nil {
			return 0, err
		}
		return resp.StatusCode, resp.Body.Close()
	}
	if status, err := get(&tls.Config{RootCAs: roots}); status != http.StatusOK || err != nil {
		t.Errorf("over TLS: %d, %v", status, err)
	}
	if status, err := get(&tls.Config{
		RootCAs:    roots,
		MinVersion: tls.VersionTLS10,
		MaxVersion: tls.VersionTLS11,
	}); err == nil {
		t.Errorf("over TLS 1.1: %d", status)
	}
	if status, _, body := send(t, s, "GET", "/healthz", "x"); status != http.StatusBadRequest {
		t.Errorf("over plain HTTP: %d %s", status, body)
	}
}

func TestExposed(t *testing.T) {
	loopback := open(t, Config{})
	if loopback.Exposed() {
		t.Error("loopback is called exposed")
	}
	for _, c := range []struct {
		ip   net.IP
		want bool
	}{{net.IPv4zero, true}, {net.IPv4(192, 0, 2, 1), true}, {net.IPv6unspecified, true}, {net.IPv6loopback, false}} {
		s := &Server{listener: addressed{&net.TCPAddr{IP: c.ip, Port: 1}}}
		if s.Exposed() != c.want {
			t.Errorf("%v: exposed is %v", c.ip, !c.want)
		}
		if s.tls = new(tls.Config); s.Exposed() {
			t.Errorf("%v over TLS is called exposed", c.ip)
		}
	}
}

// addressed is a listener that only has an address: tests listen on loopback alone.
type addressed struct{ addr net.Addr }

func (a addressed) Addr() net.Addr            { return a.addr }
func (a addressed) Close() error              { return nil }
func (a addressed) Accept() (net.Conn, error) { return nil, net.ErrClosed }
