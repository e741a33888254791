package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"latchkey/internal/events"
	"latchkey/internal/server"
	"latchkey/internal/telemetry"
)

// eventFlags are the settings of data events and traces. docs/data-events.md explains each of them.
type eventFlags struct {
	file, fileSync       string
	fileSize             size
	fileAge              time.Duration
	fileKeep             int
	bucket, bucketPrefix string
	bucketEvery          time.Duration
	bucketSize           size
	otlp                 bool
	selection            string
	block                []string
	bufferRecords        int
	bufferBytes          size
	maxWait              time.Duration
	traces               bool
	parent               string
}

// register adds the flags, with their defaults and help texts.
func (f *eventFlags) register(fl *pflag.FlagSet) {
	f.fileSize, f.bucketSize, f.bufferBytes = 100<<20, 4<<20, size(events.DefaultLimits.Bytes)
	fl.StringVar(&f.file, "events-file", "", "record each request to S3 as a JSON line in this `file` (default: nowhere)")
	fl.Var(&f.fileSize, "events-file-size",
		"after how many bytes the file is rotated, such as 100MiB; 0: never for its size")
	fl.DurationVar(&f.fileAge, "events-file-age", 24*time.Hour, "after how long the file is rotated; 0: never for its age")
	fl.IntVar(&f.fileKeep, "events-file-keep", 14, "how many rotated files are kept; 0: all")
	fl.StringVar(&f.fileSync, "events-file-sync", "batch",
		"when records are forced to the disk: batch (before they count as written) or never (the operating system decides)")
	fl.StringVar(&f.bucket, "events-bucket", "",
		"record each request to S3 in this `bucket` of the first account, in the layout of CloudTrail (default: nowhere)")
	fl.StringVar(&f.bucketPrefix, "events-bucket-prefix", "", "a `prefix` before AWSLogs/ in that bucket")
	fl.DurationVar(&f.bucketEvery, "events-bucket-every", 5*time.Minute,
		"how long records wait for an object in that bucket")
	fl.Var(&f.bucketSize, "events-bucket-size", "bytes of records, before compression, that are written without waiting")
	fl.BoolVar(&f.otlp, "events-otlp", false,
		"send each request to S3 as a log record to the OpenTelemetry collector of OTEL_EXPORTER_OTLP_ENDPOINT")
	fl.StringVar(&f.selection, "events-select", "",
		"a YAML `file` of selectors: which requests are recorded (default: all)")
	fl.StringSliceVar(&f.block, "events-block", nil,
		"`sinks` (file, bucket, otlp) for whose buffer requests wait; the others drop records, and count them (repeatable)")
	fl.IntVar(&f.bufferRecords, "events-buffer-records", events.DefaultLimits.Records,
		"how many records wait for a sink at most")
	fl.Var(&f.bufferBytes, "events-buffer-bytes", "how many bytes of memory records that wait for a sink take at most")
	fl.DurationVar(&f.maxWait, "events-max-wait", events.DefaultLimits.Wait,
		"how long a request waits for room in the buffer of a sink that blocks, before it is refused with SlowDown")
	fl.BoolVar(&f.traces, "traces", false,
		"send a trace of each request to the OpenTelemetry collector of OTEL_EXPORTER_OTLP_ENDPOINT")
	fl.StringVar(&f.parent, "traces-parent", "ignore",
		"what a client's traceparent header means: ignore, link (from a trace of our own) or join (ours is a part of it)")
}

// config checks the flags and returns the server's configuration of data events and traces.
func (f *eventFlags) config() (server.Events, telemetry.Traces, error) {
	e := server.Events{
		OTLP: f.otlp, Block: f.block,
		Bucket: server.BucketEvents{
			Name: f.bucket, Prefix: f.bucketPrefix, Every: f.bucketEvery, Size: int64(f.bucketSize),
		},
		Limits: events.Limits{Records: f.bufferRecords, Bytes: int64(f.bufferBytes), Wait: f.maxWait},
	}
	t := telemetry.Traces{On: f.traces}
	if err := f.check(); err != nil {
		return e, t, err
	}
	if e.Bucket.Prefix != "" && !strings.HasSuffix(e.Bucket.Prefix, "/") {
		e.Bucket.Prefix += "/"
	}
	if f.file != "" {
		e.File = &events.FileOptions{
			Path: f.file, MaxSize: int64(f.fileSize), MaxAge: f.fileAge, Keep: f.fileKeep, NoSync: f.fileSync == "never",
		}
	}
	switch f.parent {
	case "ignore":
	case "link":
		t.Parent = telemetry.LinkParent
	case "join":
		t.Parent = telemetry.JoinParent
	default:
		return e, t, fmt.Errorf("--traces-parent %q: it must be ignore, link or join", f.parent)
	}
	if f.selection != "" {
		var err error
		if e.Selection, err = events.LoadSelection(f.selection); err != nil {
			return e, t, err
		}
	}
	return e, t, server.CheckEvents(&e)
}

// check refuses values that are out of range.
func (f *eventFlags) check() error {
	switch {
	case f.fileSync != "batch" && f.fileSync != "never":
		return fmt.Errorf("--events-file-sync %q: it must be batch or never", f.fileSync)
	case f.fileAge < 0 || f.fileKeep < 0:
		return errors.New("--events-file-age and --events-file-keep must be 0 or more")
	case f.bucketEvery < time.Second || f.bucketSize < 1<<10:
		return errors.New("--events-bucket-every must be 1s or more, and --events-bucket-size 1KiB or more")
	case f.bufferRecords < 1 || f.bufferBytes < 64<<10:
		return errors.New("--events-buffer-records must be 1 or more, and --events-buffer-bytes 64KiB or more")
	case f.maxWait <= 0:
		return errors.New("--events-max-wait must be more than 0s")
	}
	return nil
}

// size is a number of bytes, such as 65536, 64KiB or 100MiB.
type size int64

var units = []struct {
	name  string
	bytes int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"", 1}}

// Set reads a size.
func (s *size) Set(text string) error {
	for _, u := range units {
		digits, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 62)
		if err != nil || int64(n) > (1<<62)/u.bytes {
			break
		}
		*s = size(int64(n) * u.bytes)
		return nil
	}
	return errors.New("it must be a number of bytes such as 65536, 64KiB or 100MiB")
}

// String is the size in the largest unit that it is a multiple of.
func (s *size) String() string {
	for _, u := range []int{2, 1, 0} {
		if n := int64(*s); n > 0 && n%units[u].bytes == 0 {
			return strconv.FormatInt(n/units[u].bytes, 10) + units[u].name
		}
	}
	return strconv.FormatInt(int64(*s), 10)
}

// Type names the kind of value in help texts.
func (s *size) Type() string { return "size" }
