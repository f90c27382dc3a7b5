# make run    a demo that plays, from a clean clone: its own environment, secrets, key and media
# make test   all checks and tests, with everything they need
# make players  every player on every format, and the table of docs/players.md, about ten minutes
# make bench  the figures of docs/performance.md, about half an hour on a quiet machine
# make schema docs/tiers.schema.json anew, after a policy's fields have changed
# make setup  the environment alone, in .venv/; quick when nothing has changed

PYTHON ?= python3
VENV := .venv
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.PHONY: setup setup-test run test players lint types bench schema lock clean

setup: $(VENV)/run.stamp web/node_modules/.stamp

run: setup
	@exec $(VENV)/bin/python main.py demo $(ARGS)

test: setup-test lint types
	@$(VENV)/bin/python -m pytest $(ARGS)

setup-test: setup $(VENV)/test.stamp tests/players/node_modules/.stamp
	@tests/install-parts

players: setup-test
	@tests/install-parts vlc mpv gst-launch-1.0
	@$(VENV)/bin/python -m tests.players.matrix

lint: setup-test
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check --quiet .

types: setup-test
	@$(VENV)/bin/mypy

bench: setup-test
	@tests/install-parts redis-server nginx wrk
	@$(VENV)/bin/python -m benchmarks.limits $(ARGS)
	@$(VENV)/bin/python -m benchmarks.relay $(ARGS)
	@$(VENV)/bin/python -m benchmarks.manifests $(ARGS)

schema: setup
	@$(VENV)/bin/python main.py schema > docs/tiers.schema.json

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Sluicegate needs Python 3.11 or later: make PYTHON=python3.11 ...")'
	@echo "making $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }  # half of one, without pip, would be taken for one

$(VENV)/run.stamp: requirements.lock | $(VENV)/bin/python
	@echo "installing requirements.lock"
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/test.stamp: requirements-dev.lock $(VENV)/run.stamp
	@echo "installing requirements-dev.lock"
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# The page plays natively, or with hls.js and dash.js where there is npm to install them.
web/node_modules/.stamp: web/package-lock.json
	@if command -v npm >/dev/null; then echo "installing hls.js and dash.js"; \
	  npm ci --prefix web --ignore-scripts --no-audit --no-fund --silent; \
	else echo "npm is not here: the page will play natively only (Safari, Chromium), and no DASH"; mkdir -p web/node_modules; fi
	@touch $@

tests/players/node_modules/.stamp: tests/players/package-lock.json
	@tests/install-parts npm
	@echo "installing the tests' players"
	@npm ci --prefix tests/players --ignore-scripts --no-audit --no-fund --silent
	@touch $@

lock:
	@$(VENV)/bin/python -m pip install --quiet pip-tools
	@for part in "requirements.lock" "requirements-dev.lock --extra dev -c requirements.lock"; do \
	  $(VENV)/bin/pip-compile --quiet --generate-hashes --strip-extras --no-emit-index-url --no-emit-find-links \
	    --no-emit-trusted-host --allow-unsafe -o $$part pyproject.toml; done

clean:
	rm -rf $(VENV) web/node_modules tests/players/node_modules .sluicegate .mypy_cache .ruff_cache
