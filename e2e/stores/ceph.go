package stores

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// cephPrograms are the programs of a Ceph cluster with an S3 gateway, from the system's packages.
var cephPrograms = []string{"monmaptool", "ceph-mon", "ceph-osd", "ceph", "radosgw", "radosgw-admin"}

// cephConfig is the configuration of a cluster of one monitor and one OSD in memory, without authentication inside the
// cluster: all of it listens on loopback.
const cephConfig = `[global]
fsid = %[1]s
mon host = [v2:127.0.0.1:%[2]s]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind msgr1 = false
auth cluster required = none
auth service required = none
auth client required = none
ms mon client mode = crc
ms mon service mode = crc
ms mon cluster mode = crc
osd objectstore = memstore
memstore device bytes = 2147483648
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon max pg per osd = 1000
osd crush chooseleaf type = 0
mon data avail crit = 1
mon data avail warn = 2
mon warn on pool no redundancy = false
mon data = %[3]s/mon
osd data = %[3]s/osd
rgw data = %[3]s/rgw
run dir = %[3]s
admin socket =
log file = %[3]s/$name.log
crash dir = %[3]s
rgw frontends = beast endpoint=127.0.0.1:%[4]s
rgw s3 auth use sts = true
rgw sts key = 0123456789abcdef
rgw enable usage log = false
rgw dns name =
`

// cluster is a Ceph cluster that is being started.
type cluster struct {
	dir   string
	store *Store
}

// Ceph starts Ceph RGW on a one-node cluster below dir: a flat store with IAM's roles and STS.
func Ceph(ctx context.Context, dir string) (*Store, error) {
	for _, name := range cephPrograms {
		if _, err := exec.LookPath(name); err != nil {
			return nil, Missing{Store: "ceph", Reason: "no " + name + " (tools/stores installs the system's packages)"}
		}
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	monitor, err := freePort()
	if err != nil {
		return nil, err
	}
	fsid := newUUID()
	url := "http://127.0.0.1:" + port
	c := &cluster{dir: dir, store: &Store{Name: "ceph", Endpoint: url, IAM: url,
		AccessKey: accessKey, SecretKey: secretKey, Flat: true, STS: true}}
	for _, d := range []string{"mon", "osd", "rgw"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			return nil, err
		}
	}
	text := fmt.Sprintf(cephConfig, fsid, monitor, dir, port)
	if err := os.WriteFile(c.path("ceph.conf"), []byte(text), 0o600); err != nil {
		return nil, err
	}
	if err := c.start(ctx, fsid, monitor); err != nil {
		c.store.Stop()
		return nil, err
	}
	return c.store, nil
}

func (c *cluster) path(name string) string { return filepath.Join(c.dir, name) }

// start starts the monitor, the OSD, and the gateway with its user.
func (c *cluster) start(ctx context.Context, fsid, monitor string) error {
	if err := c.run(ctx, "monmaptool", "--create", "--fsid", fsid, "--addv", "a", "[v2:127.0.0.1:"+monitor+"]",
		c.path("monmap")); err != nil {
		return err
	}
	if err := c.run(ctx, "ceph-mon", "--mkfs", "-i", "a", "--monmap", c.path("monmap"),
		"-c", c.path("ceph.conf")); err != nil {
		return err
	}
	if err := c.launch("ceph-mon", "-f", "-i", "a", "-c", c.path("ceph.conf")); err != nil {
		return err
	}
	osd := newUUID()
	if err := c.run(ctx, "ceph", "-c", c.path("ceph.conf"), "--connect-timeout", "30", "osd", "new", osd); err != nil {
		return err
	}
	if err := c.run(ctx, "ceph-osd", "--mkfs", "-i", "0", "--osd-uuid", osd, "-c", c.path("ceph.conf")); err != nil {
		return err
	}
	if err := c.launch("ceph-osd", "-f", "-i", "0", "-c", c.path("ceph.conf")); err != nil {
		return err
	}
	if err := c.run(ctx, "radosgw-admin", "-c", c.path("ceph.conf"), "user", "create", "--uid", "root",
		"--display-name", "root", "--access-key", accessKey, "--secret-key", secretKey,
		"--caps", "roles=*;user-policy=*;oidc-provider=*"); err != nil {
		return err
	}
	if err := c.launch("radosgw", "-f", "-n", "client.rgw", "-c", c.path("ceph.conf")); err != nil {
		return err
	}
	gateway := c.store.processes[len(c.store.processes)-1]
	if err := gateway.ready(ctx, c.store.Endpoint); err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, "radosgw", "--version").Output()
	if err != nil {
		return err
	}
	c.store.Version = strings.Fields(strings.TrimPrefix(string(out), "ceph version "))[0]
	return nil
}

// maxCommand bounds how long a command of the cluster's set-up may take.
const maxCommand = 2 * time.Minute

// run runs a command of the cluster's set-up.
func (c *cluster) run(ctx context.Context, program string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, maxCommand)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var said bytes.Buffer
	cmd.Env, cmd.Dir, cmd.WaitDelay = plainEnv(), c.dir, time.Second
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", program, strings.Join(args, " "), err, said.String())
	}
	return nil
}

// launch starts a process of the cluster.
func (c *cluster) launch(program string, args ...string) error {
	p, err := launch(c.dir, plainEnv(), program, args...)
	if err != nil {
		return err
	}
	c.store.processes = append(c.store.processes, p)
	return nil
}

func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])
}
