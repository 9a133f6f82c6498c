# The commands for development and CI. `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
# Written after the installation of all tools, and of what `make run` needs.
INSTALLED := .venv/installed-from-lock
RUN_INSTALLED := .venv/installed-for-run
NEWMAN := node_modules/.package-lock.json
LOCK := $(BIN)/uv pip compile -q --universal --python-version 3.10 --generate-hashes --no-strip-extras --custom-compile-command "make lock" \
	$(UPGRADE)

.DEFAULT_GOAL := help
.PHONY: help setup run test lint types postman clients vendor art web-types browser pictures docs deploy-tools deploy-tests try-guide faults fuzz secrets check check-all map bench lock clean

help: ## list these targets; the minutes are for 2 cores
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Install a lock and this package. The arguments are the lock and the time that it takes.
define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "Halls needs Python 3.10 or newer, and $(PYTHON) is not. Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv || \
		{ rm -rf .venv; echo "Python can't make a .venv. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Installing into .venv, about $(2) ..."
	@$(BIN)/python -m pip install --quiet --require-hashes -r $(1)
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --no-index -e .
endef

setup: $(INSTALLED) ## create .venv and install all tools; 1 minute, or nothing if it is up to date

# The lock of the tools contains what `make run` needs, in the same versions.
$(INSTALLED): requirements-dev.lock pyproject.toml
	$(call install,requirements-dev.lock,a minute)
	@touch $(RUN_INSTALLED) $@

$(RUN_INSTALLED): requirements-run.lock pyproject.toml
	$(call install,requirements-run.lock,20 seconds)
	@touch $@

run: $(RUN_INSTALLED) ## serve the API with demonstration data, on the embedded MongoDB; installs only what that needs
	@echo "Starting MongoDB and the server ..."
	@$(BIN)/halls serve --demo

test: setup ## run the tests, and require 100 % branch coverage; 16 minutes
	$(BIN)/pytest --cov --cov-report=term

lint: setup ## check style, format, and the import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: setup ## check types
	$(BIN)/mypy

postman: setup $(NEWMAN) ## run the Postman collections against new servers; needs Node.js
	$(BIN)/python -m postman.run
	$(BIN)/pytest tests/newman -n 0 -p no:randomly

$(NEWMAN): package.json package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing. On Debian and Ubuntu: apt-get install nodejs npm"; exit 1; }
	npm ci
	@touch $@

clients: setup $(NEWMAN) ## lint openapi.json, generate two clients, and run the main journey with each; needs Node.js
	node_modules/.bin/spectral lint openapi.json --fail-severity hint
	$(BIN)/python -m clients.run

vendor: $(NEWMAN) ## write the third-party parts, fonts, icons and places of the web pages, in their locked versions; needs Node.js
	@test -x .venv-vendor/bin/python || $(PYTHON) -m venv .venv-vendor
	.venv-vendor/bin/python -m pip install --quiet --require-hashes -r requirements-vendor.lock
	node tools/web/vendor.mjs
	node tools/web/make_base_map.mjs
	.venv-vendor/bin/python tools/web/make_assets.py
	.venv-vendor/bin/python tools/web/make_fonts.py

art: setup $(NEWMAN) ## draw the pictures of venues without photographs, and of demonstration venues; needs Node.js
	$(BIN)/python tools/web/make_art.py
	node tools/web/make_preview.mjs
	$(BIN)/python tools/web/make_demo_pictures.py

web-types: $(NEWMAN) ## check the types of the web pages against openapi.json; needs Node.js
	node_modules/.bin/openapi-typescript openapi.json -o tools/web/api.d.ts
	node_modules/.bin/tsc -p tools/web/tsconfig.json

browser: setup $(NEWMAN) ## test the web pages and /docs in Chromium; needs Node.js and Debian's chromium
	$(BIN)/pytest tests/browser -n 0 -p no:randomly

pictures: setup $(NEWMAN) ## write a picture of each web page into docs/pictures/; needs Node.js and Debian's chromium
	$(BIN)/pytest tests/browser/web/test_journeys.py -n 0 -p no:randomly -k axe
	rm -f docs/pictures/*.webp
	cp tests/browser/screenshots/web/*axe/*.webp docs/pictures/

docs: setup $(NEWMAN) ## build the documentation site into site/, and run its samples; needs Node.js
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	$(BIN)/pytest tests/site -n 0 -p no:randomly

deploy-tools:
	@missing=; for tool in nginx openssl curl systemd-analyze chromium; do command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
		test -z "$$missing" || { echo "Not on PATH:$$missing. On Debian and Ubuntu: apt-get install nginx openssl curl systemd chromium"; exit 1; }

deploy-tests: deploy-tools setup $(NEWMAN) ## test deploy/ and its guide, and hostile HTTP requests and the web pages through NGINX; 3 minutes; needs nginx, openssl, curl, systemd, chromium, Node.js
	$(BIN)/hadolint deploy/Dockerfile
	$(BIN)/pytest tests/deploy -n 2

try-guide: setup ## run the steps of docs/operations.md in a new Debian container; 4 minutes; needs root, debootstrap, systemd-container, slirp4netns
	$(BIN)/python -m tests.deploy.guide_runner

faults: setup ## kill and freeze mongod nodes, workers and servers during bookings; 6 minutes
	$(BIN)/pytest tests/replica -n 0

fuzz: setup ## send thousands of generated requests to every route of openapi.json; 3 minutes
	$(BIN)/python -m tests.fuzz

secrets: setup ## search the committed files for secrets
	git ls-files -z -- ':!tests' ':!*lock*' ':!openapi.json' | xargs -0 $(BIN)/detect-secrets-hook --exclude-lines 'example|c2lnbmF0dXJl|PASSWORD@' \
		--disable-plugin KeywordDetector --disable-plugin HexHighEntropyString

check: lint types test ## run what every change must pass; 17 minutes

# Two stages run at a time, and each prints its output when it ends. The tests and the faults have deadlines, so they do
# not run at the same time.
PARALLEL := $(MAKE) --no-print-directory --jobs=2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

check-all: setup $(NEWMAN) ## run everything that CI runs; 30 minutes
	@$(PARALLEL) test docs lint types secrets
	@$(PARALLEL) faults fuzz deploy-tests browser web-types clients postman

map: setup ## write the list of the files of src/halls into ARCHITECTURE.md, from the first line of each
	$(BIN)/python -m tests.architecture.map

bench: setup ## measure processor time of this version, an earlier one and peers; 7 minutes; needs wrk, postgresql, Linux
	$(BIN)/python -m benchmarks.compare

# Production installs requirements.lock, which has no mongod, and builds with requirements-build.lock. `make run` installs requirements-run.lock.
lock: setup ## write the lock files from pyproject.toml (UPGRADE=--upgrade for newer versions)
	$(LOCK) pyproject.toml --extra devdb --group dev --group docs --group bench -o requirements-dev.lock
	$(LOCK) pyproject.toml -c requirements-dev.lock --extra devdb --group run -o requirements-run.lock
	$(LOCK) pyproject.toml -c requirements-dev.lock -o requirements.lock
	$(LOCK) --group build -c requirements-dev.lock -o requirements-build.lock
	$(LOCK) --group vendor -o requirements-vendor.lock

clean: ## remove the files that these targets created, except the development database in .data
	rm -rf .venv .venv-vendor node_modules site .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage*
