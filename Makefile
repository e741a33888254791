# Few targets. `make run` starts the server on embedded defaults; `make test` passes every test and installs
# what the tests need; the others are what .ci/run adds.
GO          ?= go
STATICCHECK ?= honnef.co/go/tools/cmd/staticcheck@v0.8.2
DEADCODE    ?= golang.org/x/tools/cmd/deadcode@v0.52.0
GOVULNCHECK ?= golang.org/x/vuln/cmd/govulncheck@v1.8.0
FUZZTIME    ?= 2s
TIMEOUT     ?= 30m
PACKAGES     = ./internal/...

.PHONY: run build test e2e lint race fuzz fuzz-resigned bench bench-gateway stores stores-test conformance \
	conformance-gateway

run: build
	bin/latchkey serve

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/latchkey ./cmd/latchkey

test:
	tools/with-test-tools $(GO) test -timeout $(TIMEOUT) ./...
	cd e2e && ../tools/with-test-tools $(GO) test -timeout $(TIMEOUT) ./...

e2e:
	cd e2e && ../tools/with-test-tools $(GO) test -v -timeout $(TIMEOUT) ./...

lint:
	@test -z "$$(gofmt -l cmd internal tools e2e bench)" || { echo "not gofmt-clean:"; gofmt -l cmd internal tools e2e bench; exit 1; }
	$(GO) vet ./...
	cd e2e && $(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	cd e2e && $(GO) run $(STATICCHECK) ./...
	@tools/deadcode $(DEADCODE)
	$(GO) generate ./...
	git diff --exit-code -- models internal docs
	$(GO) mod tidy -diff
	cd e2e && $(GO) mod tidy -diff
	@tools/vulnerabilities $(GOVULNCHECK)

race:
	CGO_ENABLED=1 tools/with-test-tools $(GO) test -race -short -timeout $(TIMEOUT) $(PACKAGES)

# Every fuzz target for a few seconds: enough to catch a parser that fell over, not a campaign.
fuzz:
	@tools/fuzz-all $(FUZZTIME)

# Requests of every service with signatures that hold, against a whole server: FUZZTIME=1h for a campaign.
fuzz-resigned:
	@tools/fuzz-resigned $(FUZZTIME)

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./bench/...

# The gateway in front of a foreign store, beside the store alone and versitygw's proxy. It takes some minutes.
bench-gateway:
	$(GO) run -trimpath ./bench/gateway

# Stores of others on loopback, until an interrupt.
stores: build
	cd e2e && ../tools/stores $(GO) run ./stores/run -latchkey "$(CURDIR)/bin/latchkey"

# Latchkey in front of the stores, with the clients that people use, and the pages about them.
stores-test: build
	cd e2e && LATCHKEY_TEST_BINARY="$(CURDIR)/bin/latchkey" ../tools/with-test-tools ../tools/stores \
		$(GO) test -count=1 -timeout $(TIMEOUT) -run 'Store|KnowNothingOfGrants' . ./stores ./conformance

# versitygw's suites: against the embedded store; against versitygw alone and through Latchkey in front of it.
CONFORMANCE = ../../tools/stores --with versitygw $(GO) run . -latchkey "$(CURDIR)/bin/latchkey"
conformance: build
	cd e2e/conformance && $(CONFORMANCE) -lane embedded

conformance-gateway: build
	cd e2e/conformance && $(CONFORMANCE) -lane gateway-versitygw
