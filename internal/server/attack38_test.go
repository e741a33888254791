package server

import (
	"strings"
	"testing"
)

// Nodes learn from each other through the database only. Other stores have internode endpoints on the port of their
// clients (MinIO and RustFS: /minio, /rustfs/rpc, /grid; Ozone: its own services), with tokens that turned out to be
// fixed, or without any. Here such paths are buckets and keys like any other, and so are those of Go's debug pages. The
// other half of the proof is TestAttack38_NodesDoNotCallEachOther.
func TestAttack38_NoEndpointForOtherNodes(t *testing.T) {
	s := boot(t, Config{})
	fixed := "Authorization: Bearer rustfs rpc"
	for _, path := range []string{
		"/minio/grid/v1", "/minio/storage/data/v63/readall", "/minio/peer/v39/getlocks", "/minio/bootstrap/v1/verify",
		"/minio/lock/v8/lock", "/minio/admin/v3/info", "/rustfs/rpc/read_file_stream", "/rustfs/admin/v3/info",
		"/node_service.NodeService/Ping", "/rpc", "/grid", "/internal/sync", "/_internal/snapshot", "/cluster/join", "/raft",
		"/debug/pprof/", "/debug/pprof/heap", "/debug/vars", "/debug/requests", "/latchkey/rpc", "/latchkey.Node/Sync",
	} {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
			for what, header := range map[string][]string{
				"no proof": nil, "a fixed token": {fixed}, "gRPC": {"Content-Type: application/grpc", "TE: trailers"},
				"an upgrade": {"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: eA=="},
			} {
				status, h, body := send(t, s, method, path, "127.0.0.1", header...)
				if status < 400 || status >= 500 || !strings.Contains(body, "<Code>") {
					t.Errorf("%s %s with %s: %d %q", method, path, what, status, body)
				}
				if h.Get("Upgrade") != "" || strings.HasPrefix(h.Get("Content-Type"), "application/grpc") {
					t.Errorf("%s %s with %s speaks another protocol: %v", method, path, what, h)
				}
			}
		}
	}
}
