package attack

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// exchange writes bytes to a connection of its own and returns what comes back until the connection ends, or nothing
// comes any more.
func (t *trial) exchange(text string) string {
	c, in, err := t.dial(t.ctx)
	if err != nil {
		t.lacks("no connection: %v", err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, text); err != nil {
		return ""
	}
	_ = c.SetReadDeadline(time.Now().Add(3 * time.Second))
	got, _ := io.ReadAll(io.LimitReader(in, maxAnswer))
	return string(got)
}

// answers is how many answers a text has.
func answers(text string) int {
	return strings.Count(text, "HTTP/1.1 ") + strings.Count(text, "HTTP/1.0 ")
}

// smuggled is a request that is hidden in the body of another one: a read of a secret with the owner's signature, so
// that only the framing keeps it from being answered.
func (t *trial) smuggled() string {
	text, err := t.raw(t.ctx, t.owner, ask{path: t.path(t.out + "x")})
	if err != nil {
		t.lacks("%v", err)
	}
	return text
}

func (t *trial) framed(what string, lines []string, body string) {
	head, err := t.raw(t.ctx, t.owner, ask{method: "PUT", path: t.path(t.out + "framed"), header: map[string]string{
		"X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD"}}, lines...)
	if err != nil {
		t.lacks("%v", err)
	}
	t.tried++
	got := t.exchange(head + body)
	if strings.Contains(got, t.secret) {
		t.breaks("%s: the request inside was answered (%d answers)", what, answers(got))
	}
}

func smuggling(t *trial) {
	t.ownersHonest()
	t.keys = append(t.keys, t.out+"framed")
	inner := t.smuggled()
	length := fmt.Sprint("Content-Length: ", len(inner)+5)
	t.framed("Content-Length beside Transfer-Encoding", []string{length, "Transfer-Encoding: chunked"}, "0\r\n\r\n"+inner)
	t.framed("the other way round", []string{"Transfer-Encoding: chunked", length}, "0\r\n\r\n"+inner)
	t.framed("two codings", []string{length, "Transfer-Encoding: chunked", "Transfer-Encoding: identity"},
		"0\r\n\r\n"+inner)
	t.framed("a coding with a space", []string{length, "Transfer-Encoding : chunked"}, "0\r\n\r\n"+inner)
	t.framed("two lengths", []string{"Content-Length: 0", length}, inner)
	t.framed("a length with a sign", []string{"Content-Length: +0"}, inner)
	t.keys = append(t.keys, t.out+"hop")
	a := t.send(t.ctx, t.owner, ask{method: "PUT", path: t.path(t.out + "hop"), unsigned: map[string]string{
		"Connection": "x-amz-copy-source"}, header: map[string]string{"X-Amz-Copy-Source": t.bucket + "/" + t.out + "x"}})
	t.tried++
	if got := t.get(t.ctx, t.owner, t.out+"hop"); a.ok() && !strings.Contains(got.body, t.secret) {
		t.breaks("a signed header that was declared hop-by-hop was dropped, and the rest accepted")
	}
}

func framings(t *trial) {
	t.ownersHonest()
	t.keys = append(t.keys, t.out+"framed")
	inner := t.smuggled()
	t.framed("a bare line feed before the coding", []string{fmt.Sprint("Content-Length: ", len(inner)+5),
		"X: y\nTransfer-Encoding: chunked"}, "0\r\n\r\n"+inner)
	t.framed("a folded line", []string{"X: y", " Transfer-Encoding: chunked", fmt.Sprint("Content-Length: ",
		len(inner)+5)}, "0\r\n\r\n"+inner)
	t.framed("a chunk with a sign", []string{"Transfer-Encoding: chunked"}, "-1\r\n\r\n"+inner)
	t.framed("a chunk that overflows", []string{"Transfer-Encoding: chunked"}, "10000000000000000\r\n"+inner)
	for _, q := range []string{"list-type=2&Prefix=" + t.in, "list-type=2&PREFIX=" + t.in, "List-Type=2&prefix=" + t.in} {
		a := t.send(t.ctx, t.stranger(), ask{path: "/" + t.bucket, query: q})
		t.leaks("?"+q, a)
		if a.ok() && strings.Contains(a.body, t.out) {
			t.breaks("?%s lists everything", q)
		}
	}
}

func outOfStep(t *trial) {
	t.ownersHonest()
	head, err := t.raw(t.ctx, t.owner, ask{method: "PUT", path: t.path(t.out + "step"), header: map[string]string{
		"X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD"}, spoil: func(r *http.Request) {
		r.Header.Set("Authorization", flipped(r.Header.Get("Authorization")))
	}}, "Expect: 100-continue", "Content-Length: 5")
	if err != nil {
		t.lacks("%v", err)
	}
	// The client has read the refusal, sends no body, and goes on with its next request.
	got := t.exchange(head + t.smuggled())
	t.tried++
	if n := answers(strings.ReplaceAll(got, "HTTP/1.1 100", "")); n > 1 && !strings.Contains(got, t.secret) {
		t.breaks("after a refusal the connection is out of step: the next request is answered with something else")
	}
	if strings.Contains(got, "HTTP/1.1 100") && strings.Contains(strings.SplitN(got, "HTTP/1.1 100", 2)[1],
		"HTTP/1.1 200") {
		t.breaks("a body was asked for although the signature is wrong, and the request was accepted")
	}
}

// adminRoutes looks for administration that anybody reaches, and for answers that let other sites in.
func adminRoutes(t *trial) {
	t.ownersHonest()
	for _, p := range []string{"/minio/admin/v3/info", "/minio/admin/v3/list-users", "/rustfs/admin/v3/info",
		"/debug/pprof/", "/debug/pprof/heap",
		"/debug/vars", "/admin", "/admin/users", "/_admin", "/create-user", "/list-users", "/minio/v2/metrics/cluster",
		"/v20180820/accessgrantsinstance", "/iam", "/console/api/v1/session", "/list-buckets", "/?list-users"} {
		for _, who := range []*actor{nil, t.stranger()} {
			for _, method := range []string{"GET", "PATCH"} {
				a := t.send(t.ctx, who, ask{method: method, path: strings.SplitN(p, "?", 2)[0], anyone: who == nil})
				t.tried++
				body := strings.ToLower(a.body)
				if a.ok() && (strings.Contains(body, "accesskey") || strings.Contains(body, "goroutine") || strings.Contains(body,
					"cmdline") ||
					strings.Contains(p, "pprof") || strings.Contains(body, "<account")) {
					t.breaks("%s %s is open (%d)", method, p, a.status)
				}
			}
		}
	}
	for _, method := range []string{"GET", "OPTIONS"} {
		a := t.send(t.ctx, t.owner, ask{method: method, path: t.path(t.out + "x"), anyone: method == "OPTIONS",
			unsigned: map[string]string{
				"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}})
		t.tried++
		if a.err == nil && strings.EqualFold(a.header.Get("Access-Control-Allow-Credentials"), "true") &&
			a.header.Get("Access-Control-Allow-Origin") == "https://evil.example" {
			t.breaks("%s: every origin may read with credentials", method)
		}
	}
}

func nodeRoutes(t *trial) {
	for _, p := range []string{"/minio/grid/v1", "/minio/storage/v63/", "/minio/peer/v38/", "/minio/lock/v8/",
		"/minio/bootstrap/v1/verify",
		"/rustfs/rpc/read_file_stream?disk=/&volume=/etc&path=passwd", "/node_service.NodeService/Ping", "/internal",
		"/cluster", "/raft",
		"/_internal/status", "/rpc"} {
		for _, method := range []string{"GET", "POST"} {
			path, query, _ := strings.Cut(p, "?")
			a := t.send(t.ctx, nil, ask{method: method, path: path, query: query, anyone: true,
				header: map[string]string{"Authorization": "Bearer rustfs rpc"}})
			t.tried++
			if a.ok() {
				t.breaks("%s %s is open (%d)", method, p, a.status)
			}
		}
	}
}

func hostileXML(t *trial) {
	t.ownersHonest()
	t.put(t.ctx, t.owner, t.out+"named", inside)
	laughs := "<!DOCTYPE d [<!ENTITY a \"aaaaaaaaaa\">"
	for c := 'b'; c < 'j'; c++ {
		laughs += fmt.Sprintf("<!ENTITY %c \"%s\">", c, strings.Repeat(fmt.Sprintf("&%c;", c-1), 10))
	}
	object := func(key string) string { return "<Object><Key>" + key + "</Key></Object>" }
	for what, body := range map[string]string{
		"a billion laughs":   laughs + "]><Delete>" + object("&i;") + "</Delete>",
		"an external entity": `<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><Delete>` + object("&x;") + "</Delete>",
		"something behind":   "<Delete>" + object(t.out+"absent") + "</Delete><Delete>" + object(t.out+"named") + "</Delete>",
		"another root":       "<Evil>" + object(t.out+"named") + "</Evil>",
		"deeply nested":      "<Delete>" + strings.Repeat("<a>", 20_000) + strings.Repeat("</a>", 20_000) + "</Delete>",
		"many attributes":    "<Delete " + strings.Repeat("a='b' ", 20_000) + ">" + object(t.out+"absent") + "</Delete>",
		"no end":             "<Delete>" + object(t.out+"named"),
		"another encoding":   "<?xml version=\"1.0\" encoding=\"UTF-7\"?><Delete>" + object(t.out+"named") + "</Delete>",
	} {
		began := time.Now()
		a := t.send(t.ctx, t.owner, ask{method: "POST", path: "/" + t.bucket, query: "delete=", body: body,
			header: map[string]string{"Content-MD5": md5Of(body)}})
		t.tried++
		switch {
		case a.err == nil && a.status >= 500 && a.status != 501:
			t.breaks("%s: status %d", what, a.status)
		case time.Since(began) > 10*time.Second:
			t.breaks("%s: it took %v", what, time.Since(began).Round(time.Second))
		case strings.Contains(a.body, "root:"):
			t.breaks("%s: a file of the server was read", what)
		}
	}
	if t.get(t.ctx, t.owner, t.out+"named").status == 404 {
		t.breaks("a document that is not well formed deleted an object")
	}
}

func costly(t *trial) {
	t.ownersHonest()
	var b strings.Builder
	b.WriteString("<Delete>")
	for i := range 1001 {
		fmt.Fprintf(&b, "<Object><Key>%sabsent-%d</Key></Object>", t.out, i)
	}
	b.WriteString("</Delete>")
	t.denied("1,001 keys in one batch", t.send(t.ctx, t.owner, ask{method: "POST", path: "/" + t.bucket,
		query: "delete=", body: b.String(),
		header: map[string]string{"Content-MD5": md5Of(b.String())}}))
	flood := map[string]string{}
	for i := range 400 {
		flood[fmt.Sprintf("X-Amz-Meta-%d", i)] = strings.Repeat("v", 200)
	}
	t.keys = append(t.keys, t.out+"flood")
	t.denied("80 KiB of headers", t.send(t.ctx, t.owner, ask{method: "PUT", path: t.path(t.out + "flood"), header: flood,
		body: "x"}))
	long := t.out + strings.Repeat("k", 2000)
	a := t.send(t.ctx, t.owner, ask{method: "PUT", path: t.path(long), body: "x"})
	if t.denied("a key of 2,000 bytes", a); a.ok() {
		t.keys = append(t.keys, long)
	}
	a = t.send(t.ctx, t.owner, ask{path: "/" + t.bucket, query: "list-type=2&max-keys=2147483647"})
	t.tried++
	if strings.Contains(a.body, "<MaxKeys>2147483647</MaxKeys>") {
		t.breaks("a list of two thousand million keys was accepted")
	}
}

// workForNobody sends bodies that nobody has signed. The gateway must answer without having read them.
func workForNobody(t *trial) {
	for what, head := range map[string]string{
		"an unsigned batch of deletes": "POST /" + t.bucket + "?delete= HTTP/1.1\r\nContent-Type: application/xml\r\n",
		"an unsigned object":           "PUT " + t.path(t.out+"nobody") + " HTTP/1.1\r\n",
		"an unsigned form":             "POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n",
	} {
		got := t.exchange(head + "Host: " + t.endpoint.Host + "\r\nContent-Length: 1073741824\r\n\r\n")
		t.tried++
		if answers(got) == 0 {
			t.breaks("%s of 1 GiB is awaited before it is refused", what)
		}
	}
}

func longTexts(t *trial) {
	t.ownersHonest()
	long := strings.Repeat("<&\">", 2000)
	for what, q := range map[string]ask{
		"a long agent":     {path: t.path(t.out + "none"), header: map[string]string{"User-Agent": long}},
		"a long parameter": {path: "/" + t.bucket, query: "list-type=2&prefix=" + strings.Repeat("%3C", 3000)},
		"a long path":      {path: "/" + t.bucket + "/" + strings.Repeat("%26", 3000)},
		"a long region":    {path: t.path(t.out + "x"), region: strings.Repeat("r", 4000)},
		"a long unknown":   {path: "/" + t.bucket, query: strings.Repeat("n", 8000)},
	} {
		a := t.send(t.ctx, t.owner, q)
		t.tried++
		if a.err == nil && len(a.body) > 64<<10 {
			t.breaks("%s: an answer of %d bytes", what, len(a.body))
		}
		if a.err == nil && a.status >= 500 && a.status != 501 {
			t.breaks("%s: status %d", what, a.status)
		}
	}
}

// objectsAsPages stores a page and opens it as a browser does.
func objectsAsPages(t *trial) {
	key := t.out + "page.html"
	t.keys = append(t.keys, key)
	if !t.send(t.ctx, t.owner, ask{method: "PUT", path: t.path(key), body: "<script>1</script>",
		header: map[string]string{"Content-Type": "text/html"}}).ok() {
		t.lacks("an object of type text/html is refused")
	}
	link, err := t.presign(t.ctx, t.owner, "GET", t.path(key), "X-Amz-Expires=60")
	if err != nil {
		t.lacks("%v", err)
	}
	a := t.follow(t.ctx, "GET", link)
	t.tried++
	if !a.ok() {
		t.lacks("the honest request fails: %s", told(a))
	}
	page := t.send(t.ctx, nil, ask{path: "/", anyone: true, header: map[string]string{"Accept": "text/html",
		"User-Agent": "Mozilla/5.0"}})
	hasPages := strings.HasPrefix(page.header.Get("Content-Type"), "text/html") || page.err == nil && page.status/100 == 3
	csp := a.header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "sandbox") && !strings.Contains(a.header.Get("Content-Disposition"), "attachment") &&
		hasPages {
		t.breaks("an object is served as a page beside the gateway's own pages, without a sandbox")
	}
	if !strings.Contains(csp, "sandbox") && !hasPages && a.header.Get("X-Content-Type-Options") == "" {
		t.lacks("the gateway shows no pages at this address, so nothing is to be protected; objects have no sandbox")
	}
}
