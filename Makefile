# Everything a person does with a checkout. `make demo` and `make test` need nothing done before:
# they run the set-up first, which does nothing that is already done.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup web models demo test check fmt soak bench bench-media queue load-94 load-201 \
	load-2h load-curve peers bench-peers test-api test-web doctor clean

# The speech `make bench` measures with. PACKS=... names other model packs for the set-up.
MANIFEST ?= ../shared/speech/manifest.tsv

CARGO_DENY_VERSION := 0.20.2

help: ## this list
	@sed -n 's/^\([a-z0-9 -]*\):.*## \(.*\)/\1\t\2/p' Makefile | \
		awk -F '\t' '{ printf "make %-17s %s\n", $$1, $$2 }'

setup: ## system packages, native libraries, pages, the program, model packs
	@tools/setup.sh

web: ## the console's pages, which go into the program
	@tools/setup.sh pages

models: setup ## show the model packs (get others with: spillway models pull LANGUAGE)
	@"$$(tools/program.sh)" models list

demo: setup ## a whole call: ONCE=1 stops after the ticket, LANG_PACK=vi speaks Vietnamese
	@tools/demo.sh

test: ## all tests
	@tools/setup.sh tests
	@tools/test.sh

check: fmt ## formatting, lints, all tests, licences
	@tools/setup.sh native
	cargo clippy --release --locked --all-targets -- --deny warnings
	tools/setup.sh pages
	npm run --prefix web --silent check
	@$(MAKE) --no-print-directory test
	@if command -v cargo-deny >/dev/null; then \
		cargo deny --locked check bans licenses sources; \
	else \
		echo "cargo-deny is not installed, so licences were not checked; to check them:"; \
		echo "    cargo install cargo-deny --locked --version $(CARGO_DENY_VERSION)"; \
	fi

fmt:
	cargo fmt --check

bench: setup ## word error rate and speed of the recognisers, on MANIFEST
	@"$$(tools/program.sh)" bench asr --manifest "$(MANIFEST)"

bench-media: setup ## what 20 ms of one call cost, part by part
	@cargo bench --locked --bench media
# A target of its own, and no part of `bench`: it installs other people's software (1.5 GB).
bench-peers: setup ## processor time, gaps and words beside other voice software, on MANIFEST
	@MANIFEST="$(MANIFEST)" tools/bench_peers.sh

queue: setup ## 150 operators at a million tickets, in SQLite and PostgreSQL
	@tools/with_postgres.sh "$$(tools/program.sh)" bench queue --postgres POSTGRES

soak: ## crashes by the thousand, and the database gone for a minute
	@tools/setup.sh tests
	@SPILLWAY_TEST_DEATHS=1000 SPILLWAY_TEST_OUTAGE_S=60 \
		tools/test.sh -- callbacks::crash outage::

load-curve: setup ## a page with gap, cores and memory for 1 to 240 callers: HTML=load.html
	@HTML="$${HTML:-load.html}" DURATION="$${DURATION:-90s}" ALONE="$${ALONE:-3m}" \
		tools/load.sh 1,30,60,94,120,150,180,201,220,240

load-2h: setup ## two hours of 94 callers: is memory flat?
	@DURATION=2h ALONE=3m tools/load.sh 94

load-94 load-201: setup ## this many Vietnamese callers at once: what they feel and what it costs
	@RAMP="$${RAMP:-4m}" tools/load.sh $(@:load-%=%)

peers: setup ## calls from SIP clients made by others
	@tests/peers/run.sh

test-api: setup ## thousands of requests made of the OpenAPI document, on both databases
	@tools/with_postgres.sh tests/schemathesis/run.sh --postgres POSTGRES

test-web: setup ## the console's journeys in a real browser
	@tests/web/run.sh

doctor: setup ## is everything here that calls need?
	@"$$(tools/program.sh)" doctor

clean: ## removes what was built, unpacked and recorded (downloads stay in the user's cache)
	cargo clean
	rm -rf web/dist web/node_modules web/.made-of
	rm -rf models/*/ models/.new-* models/.old-* models/.lock models/.setup-lock var
