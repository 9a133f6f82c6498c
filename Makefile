# What people and CI type. `make help` lists it.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed-from-lock
NEWMAN := node_modules/.package-lock.json
LOCK := $(BIN)/uv pip compile -q --universal --python-version 3.10 --generate-hashes --no-strip-extras --custom-compile-command "make lock" \
	$(UPGRADE) pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help setup run test lint types postman clients browser docs deploy-tests try-guide faults fuzz secrets check map bench lock clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## make .venv and install what the lock file names; quick when nothing changed

$(INSTALLED): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "Halls needs Python 3.10 or newer, and $(PYTHON) is not. Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv || \
		{ rm -rf .venv; echo "Python can't make a .venv. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

run: setup ## serve the API with demonstration data, on a MongoDB that comes along
	$(BIN)/halls serve --demo

test: setup ## run every test, and check that they reach every branch
	$(BIN)/pytest --cov --cov-report=term

lint: setup ## check style, format, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: setup ## check types
	$(BIN)/mypy

postman: setup $(NEWMAN) ## run the Postman collections against servers of their own; needs Node.js
	$(BIN)/python postman/run.py
	$(BIN)/pytest tests/newman -n 0 -p no:randomly

$(NEWMAN): package.json package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing. On Debian and Ubuntu: apt-get install nodejs npm"; exit 1; }
	npm ci
	@touch $@

clients: setup $(NEWMAN) ## lint openapi.json, make clients from it, and play the main journey with each; needs Node.js
	node_modules/.bin/spectral lint openapi.json --fail-severity hint
	$(BIN)/python -m clients.run

browser: setup $(NEWMAN) ## try the page at /docs in Chromium; needs Node.js and Debian's chromium
	$(BIN)/pytest tests/browser -n 0 -p no:randomly

docs: setup $(NEWMAN) ## build the site of docs/ into site/, and run every sample on it; needs Node.js
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	$(BIN)/pytest tests/site -n 0 -p no:randomly

deploy-tests: setup $(NEWMAN) ## check deploy/ and its guide, and send every hostile case through NGINX; needs nginx, openssl, curl, systemd, Node.js
	$(BIN)/hadolint deploy/Dockerfile
	$(BIN)/pytest tests/deploy -n 2

try-guide: setup ## follow docs/operations.md in a clean Debian of its own, as root; four minutes; needs debootstrap, systemd-container, slirp4netns
	$(BIN)/python -m tests.deploy.newcomer

faults: setup ## kill and freeze three mongod, workers and servers in the midst of bookings; about five minutes
	$(BIN)/pytest tests/replica -n 0

fuzz: setup ## send thousands of made-up requests to every route that openapi.json tells of
	$(BIN)/python -m tests.fuzz

secrets: setup ## look for secrets in what is committed
	git ls-files -z -- ':!tests' ':!*lock*' ':!openapi.json' | xargs -0 $(BIN)/detect-secrets-hook --exclude-lines 'example|c2lnbmF0dXJl' \
		--disable-plugin KeywordDetector --disable-plugin HexHighEntropyString

check: lint types test postman clients browser docs deploy-tests faults fuzz secrets ## all that CI runs

map: setup ## write the map of src/halls into ARCHITECTURE.md, from each file's first line
	$(BIN)/python -m tests.architecture.map

bench: setup ## measure requests per second on this machine; needs wrk
	$(BIN)/python benchmarks/compare.py

# requirements.lock is what production installs: it has no mongod.
lock: ## write the lock files anew from pyproject.toml (UPGRADE=--upgrade takes newer versions)
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m uv --version >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet uv
	$(LOCK) --extra devdb --group dev --group docs --group bench -o requirements-dev.lock
	$(LOCK) -c requirements-dev.lock -o requirements.lock

clean: ## remove what these targets made, but for the development database in .data
	rm -rf .venv node_modules site .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage*
