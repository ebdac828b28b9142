# What a laptop can run is what CI runs. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

BIN     := bin/notify
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
SEEDS   ?= 2000
FUZZ    ?= 10s
N       ?= 40
SEED    ?= 1
MAJOR   ?= 18

# One way to compile for all targets, so that nothing is compiled twice.
export CGO_ENABLED ?= 0
export GOFLAGS     ?= -trimpath

LINT_VERSION := v2.15.0
LINT         := bin/golangci-lint-$(LINT_VERSION)
PLATFORMS    := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

.PHONY: help windows postgres build demo test check lint race fuzz bench simulate torture mutate cross vet deps

help: ## list what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

build: ## build bin/notify
	go build -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/notify

demo: build ## see the main story: refused, topped up, killed, resumed, each person told once
	scripts/demo.sh

test: deps build ## run everything that must pass
	BINARY_UNDER_TEST=$(CURDIR)/$(BIN) scripts/test.sh ./...

check: build vet lint cross test demo ## what CI runs: build, vet, lint, all platforms, test, the demo

vet: ## what the compiler does not see, with the tests of other systems
	go vet ./...
	@for os in darwin windows; do echo "vet for $$os"; GOOS=$$os go vet ./...; done

lint: $(LINT) ## style, layers and bans (installs golangci-lint into bin/)
	$(LINT) run ./...

$(LINT):
	GOBIN=$(CURDIR)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	mv bin/golangci-lint $@

cross: ## compile for Linux, macOS and Windows, amd64 and arm64
	@for p in $(PLATFORMS); do echo "compile for $$p"; GOOS=$${p%/*} GOARCH=$${p#*/} go build -o /dev/null ./cmd/notify; done

race: deps ## the tests under the race detector (needs a C compiler)
	CGO_ENABLED=1 go test -race -timeout 60m ./...

# By default an input that shows something new is made smaller for a minute, in which nothing else is tried.
fuzz: ## each fuzz target for a moment (FUZZ=10s)
	@grep -rlE '^func Fuzz' --include='*_test.go' . | xargs -n1 dirname | sort -u | while read -r dir; do \
	  sed -nE 's/^func (Fuzz[A-Za-z0-9_]*)\(.*/\1/p' $$dir/*_test.go | while read -r target; do \
	    echo "$$dir $$target"; go test $$dir -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZ) -fuzzminimizetime 10x </dev/null; \
	  done; \
	done

bench: deps ## the benchmarks
	@grep -rlE '^func Benchmark' --include='*_test.go' . | xargs -n1 dirname | sort -u | xargs go test -run '^$$' -bench . -benchmem -benchtime 1s -timeout 30m

simulate: ## the send loop in virtual time, with faults and crashes (SEEDS=n worlds, and a fiftieth of them on PostgreSQL)
	go test ./pkg/send -run '^TestNobodyIsToldTwice' -count 1 -timeout 4h -args -seeds $(SEEDS) -seeds.postgres $$(($(SEEDS) / 50))

mutate: ## plant N slips in each room that keeps the promise (SEED=n others, ROOM=flow one room), and list those that no test notices
	go run ./scripts/mutate -n $(N) -seed $(SEED) $(ROOM)

torture: build deps ## 20 kills during 23,000 messages, over HTTP and SMTP, counted by the receiver
	scripts/torture.sh

windows: build ## the tests as programs of Windows, under wine (PKG=./pkg/outfile: some of them)
	scripts/deps.sh windows
	scripts/windows.sh $(PKG)

postgres: ## the tests of the driver on another version of PostgreSQL than the system's (MAJOR=18)
	scripts/postgres.sh $(MAJOR)

deps: ## install what the tests need (smtp-sink, PostgreSQL, promtool, LibreOffice, Chromium, strace)
	@scripts/deps.sh
