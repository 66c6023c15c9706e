# `make run` starts everything and shows it at work; `make test` tests it. See README.md.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
# Workers of `make test`, each with servers of its own; 0 is one process, auto one per core.
WORKERS ?= auto

.DEFAULT_GOAL := help
.PHONY: help run stop test e2e soak bench image compose-check alerts-check lint docs lock clean

help: ## Say what there is
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 15

run: $(VENV)/.runtime ## Start the stack and show it at work; it stays up
	@$(BIN)/jifen up
	@$(BIN)/jifen demo

stop: ## Stop the stack; its data stays
	@if [ -x $(BIN)/jifen ]; then $(BIN)/jifen down; else echo "The stack was never up."; fi

test: $(VENV)/.dev ## Run the whole suite on servers of its own; fault tests in their short form
	@$(PYTEST) --whole -n $(WORKERS)

e2e: $(VENV)/.dev ## Run journeys and faults in containers (needs a Docker engine, or root and dockerd)
	@JIFEN_TEST_BACKEND=testcontainers DOCKER_BUILDKIT=0 \
	  $(BIN)/python -m tests.support.images.daemon $(PYTEST) -n 0 -m "e2e or faults" \
	  tests/e2e/test_image.py tests/e2e/test_journey.py tests/e2e/test_faults.py

soak: $(VENV)/.dev ## Run the fault tests in full
	@$(PYTEST) -m soak

bench: $(VENV)/.dev ## Measure, and print the table
	@$(PYTEST) -m bench -s

image: ## Build the container image on BASE (needs a Docker engine)
	@docker build $(if $(BASE),--build-arg BASE=$(BASE)) --file deploy/Dockerfile \
	    --tag jifen --tag jifen:$(VERSION) .

compose-check: $(VENV)/.dev ## Start deploy/compose.yaml, use it, stop it; run Prometheus on its files
	@$(PYTEST) tests/unit/deploy tests/e2e/test_compose.py tests/e2e/test_observers.py -s

alerts-check: $(VENV)/.dev ## Check the alerts (promtool, amtool) and fire them under a real Prometheus
	@$(PYTEST) tests/unit/alerts tests/integration/alerts

lint: $(VENV)/.dev ## Check style, types, layers, migrations and generated documents
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/squawk --config .squawk.toml deploy/migrations/*.sql
	@$(BIN)/python -m shared.contract.generate --check docs/events
	@$(BIN)/python -m shared.ledger.vectors --check docs/ledger/hash-vectors.json
	@$(BIN)/python -m shared.platform.metrics_page --check docs/metrics.md
	@$(BIN)/python -m services.earn.openapi --check
	@$(BIN)/python -m services.mall.openapi --check
	@$(BIN)/python -m services.expiry.openapi --check
	@$(BIN)/python -m services.redeem.openapi --check
	@$(BIN)/python -m services.notify.openapi --check
	@$(BIN)/python -m deploy.grafana.generate --check
	@$(BIN)/python -m deploy.prometheus.generate --check

docs: $(VENV)/.dev ## Generate the documents that are made from code
	@$(BIN)/python -m shared.contract.generate docs/events
	@$(BIN)/python -m shared.ledger.vectors docs/ledger/hash-vectors.json
	@$(BIN)/python -m shared.platform.metrics_page docs/metrics.md
	@$(BIN)/python -m services.earn.openapi
	@$(BIN)/python -m services.mall.openapi
	@$(BIN)/python -m services.expiry.openapi
	@$(BIN)/python -m services.redeem.openapi
	@$(BIN)/python -m services.notify.openapi
	@$(BIN)/python -m deploy.grafana.generate
	@$(BIN)/python -m deploy.prometheus.generate

lock: ## Resolve the requirements and Kafka's jars anew (needs `uv`)
	@lock() { uv pip compile --quiet --universal --python-version 3.11 --upgrade --generate-hashes \
	    --no-header --no-annotate --no-emit-index-url "$$@"; }; \
	for kind in runtime dev; do \
	  lock requirements/$$kind.in --output-file requirements/$$kind.txt || exit 1; \
	done; \
	for kind in build service; do \
	  lock requirements/$$kind.in --constraint requirements/runtime.txt \
	    --output-file requirements/$$kind.txt || exit 1; \
	done
	@$(BIN)/python -m jifen.stack.jars > jifen/stack/kafka.lock.new
	@mv jifen/stack/kafka.lock.new jifen/stack/kafka.lock

clean: ## Stop the stack and remove it with all its data
	@if [ -x $(BIN)/jifen ]; then $(BIN)/jifen down --delete-data; fi

# One environment for all; what was installed is remembered, so that a second run asks nobody.
$(VENV)/.python: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Jifen needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)." \
	       "Name another: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@[ -x $(BIN)/python ] || { echo "Making the virtual environment"; $(PYTHON) -m venv $(VENV); }
	@touch $@

$(VENV)/.runtime: $(VENV)/.python requirements/runtime.txt
	@$(BIN)/python requirements/install.py requirements/runtime.txt --project
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.txt
	@$(BIN)/python requirements/install.py requirements/dev.txt
	@touch $@
