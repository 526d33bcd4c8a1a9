# The one way to do each thing; CI calls `make check` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA_ROOT ?= data
SOCKET ?= $(DATA_ROOT)/statesvc.sock
WORKERS ?= auto
ARGS ?=
REQUESTS ?= 5000
SEED := $(or $(SEED),$(shell od -An -N4 -tu4 /dev/urandom | tr -d ' '))

.DEFAULT_GOAL := help

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.installed ## make .venv with the service and its tools

# Debian's python3 comes without ensurepip unless python3-venv is there: then the pip of $(PYTHON) serves the new .venv.
$(VENV)/.installed: pyproject.toml constraints.txt
	@test ! -L $(VENV) || { echo '$(VENV) is a link to an environment of another checkout: remove the link'; exit 2; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || $(PYTHON) -m venv --without-pip $(VENV)
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check \
		--constraint constraints.txt pip --editable '.[dev]'
	@touch $@

serve: install ## serve the Docker Engine API on ./data (DATA_ROOT=, SOCKET=, ARGS=)
	@echo "Point docker at it, in another shell:"
	@echo "  export DOCKER_HOST=unix://$(abspath $(SOCKET))"
	@$(BIN)/statesvc serve -H unix://$(abspath $(SOCKET)) --data-root $(DATA_ROOT) $(ARGS)

test: install ## run all tests (WORKERS=, ARGS=)
	@.ci/components
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

check: install ## format, lint, types, import contract
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: install ## format, and mend what ruff can mend
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

conformance: install ## play all cases recorded from Docker Engine; print the table per area (ARGS=-v for reasons)
	$(BIN)/python tests/conformance/table.py $(ARGS)

differential: install ## ask Docker Engine and the service REQUESTS generated requests, from a SEED (as root; it needs dockerd)
	@echo "seed: $(SEED)"
	DIFFERENTIAL_REQUESTS=$(REQUESTS) DIFFERENTIAL_SEED=$(SEED) DIFFERENTIAL_TIMEOUT=86400 \
		$(BIN)/python -m pytest -s tests/differential $(ARGS)

bench: install ## measure against the budget, with Docker Engine side by side (ARGS="--quick --json OUT --large N")
	$(BIN)/python benchmarks/run.py $(ARGS)

bench-reloads: install ## measure reloads, sweeps, and starts beside reloads (ARGS=--quick)
	$(BIN)/python benchmarks/reloads.py $(ARGS)

bench-lists: install ## measure lists and their filters with 1,000 to 100,000 containers (ARGS="--size N --samples N")
	$(BIN)/python benchmarks/lists.py $(ARGS)

bench-store: install ## measure upgrade, check, backup and the cook-book with 100,000 containers (ARGS="--quick --size N")
	$(BIN)/python benchmarks/store.py $(ARGS)

bench-events: install ## measure how events reach 100 readers, and what that costs who writes (ARGS="--readers N --count N")
	$(BIN)/python benchmarks/subscribers.py $(ARGS)

docs: install ## make docs/validation.md from the rules, admin-sql.md from the views, api.md from the routes
	$(BIN)/python -c "from statesvc.validation.catalogue import markdown; print(markdown(), end='')" > docs/validation.md
	$(BIN)/python -c "from statesvc.db.views.document import markdown; print(markdown(), end='')" > docs/admin-sql.md
	$(BIN)/python tests/support/api_document.py > docs/api.md

migrate: install ## give the database in DATA_ROOT the newest schema; no service may hold it
	@mkdir -p $(DATA_ROOT)
	$(BIN)/alembic -x database=$(DATA_ROOT)/statesvc.db upgrade head

revision: install ## begin a migration (MESSAGE="add the exit code")
	@test -n "$(MESSAGE)" || { echo 'say what it does: make revision MESSAGE="add the exit code"'; exit 2; }
	$(BIN)/alembic revision -m "$(MESSAGE)" \
		--rev-id $$(printf '%04d' $$(($$(ls migrations/versions/[0-9]*.py | wc -l) + 1)))

golden: install ## release a migration: keep a database of its schema, and the digest of its file (REVISION=0002)
	@test -n "$(REVISION)" || { echo 'say which: make golden REVISION=0002'; exit 2; }
	$(BIN)/python tests/migrations/make_golden.py $(REVISION)

wheel: install ## build the wheel into ./dist
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

clean: ## remove what can be made again; DATA_ROOT stays
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help install serve test check fix conformance differential bench bench-lists bench-events docs migrate revision golden wheel clean bench-reloads bench-store
