# The one way to do each thing; CI calls `make check`, `make quick` and `make test`.
PYTHON ?=
VENV ?= .venv
BIN := $(VENV)/bin
DATA_ROOT ?= data
SOCKET ?= $(DATA_ROOT)/statesvc.sock
WORKERS ?= auto
ARGS ?=
REQUESTS ?= 5000
EXAMPLES ?= 100
OPERATIONS ?= 1000000
KILLS ?= 5000
CUTS ?= 500
MINUTES ?= 1000000
SEED := $(or $(SEED),$(shell od -An -N4 -tu4 /dev/urandom | tr -d ' '))

# What `make quick` leaves out, besides tests marked "kills": all else, and each new test, belongs to it.
SLOW := cli clients conformance differential e2e faults foreign migrations
QUICK := $(addprefix --ignore=tests/,$(SLOW)) -m 'not kills'

.DEFAULT_GOAL := help

help:
	@awk -F ':.*## ' '/^## / {printf "\n%s\n", substr($$0, 4)} /^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' Makefile

## Use it

serve: install ## serve the Docker Engine API on ./data (DATA_ROOT=, SOCKET=, ARGS=)
	@echo "Point docker at it, in another shell:"
	@echo "  export DOCKER_HOST=unix://$(abspath $(SOCKET))"
	@$(BIN)/statesvc serve -H unix://$(abspath $(SOCKET)) --data-root $(DATA_ROOT) $(ARGS)

migrate: install ## give the database in DATA_ROOT the newest schema, while no service holds it
	@mkdir -p $(DATA_ROOT)
	$(BIN)/alembic -x database=$(DATA_ROOT)/statesvc.db upgrade head

## Change it

install: ## make .venv with the fastest Python here, or PYTHON=
	@.ci/install $(VENV) $(PYTHON)

fix: install ## mend what ruff can mend, and format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: install ## write the documents that are made from rules, views and routes
	$(BIN)/python -c "from statesvc.validation.catalogue import markdown; print(markdown(), end='')" > docs/validation.md
	$(BIN)/python -c "from statesvc.db.views.document import markdown; print(markdown(), end='')" > docs/admin-sql.md
	$(BIN)/python tests/support/api_document.py markdown > docs/api.md
	$(BIN)/python tests/support/api_document.py openapi > docs/openapi.yaml
	$(BIN)/python tests/foreign/run.py --document > docs/clients.md
	$(BIN)/python -c "from statesvc.domain.limits import markdown; print(markdown(), end='')" > docs/limits.md

revision: install ## begin a migration (MESSAGE="add the exit code")
	@test -n "$(MESSAGE)" || { echo 'say what it does: make revision MESSAGE="add the exit code"'; exit 2; }
	$(BIN)/alembic revision -m "$(MESSAGE)" \
		--rev-id $$(printf '%04d' $$(($$(ls migrations/versions/[0-9]*.py | wc -l) + 1)))

clean: ## remove what can be made again; DATA_ROOT stays
	rm -rf .venv .venv-* .pythons .clients build dist .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

## Prove it

check: install ## format, lint, types, import contract
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

quick: install ## run what proves most within two minutes (WORKERS=, ARGS=)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(QUICK) $(ARGS)

test: install ## run all tests (WORKERS=, ARGS=)
	@.ci/components
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

conformance: install ## play the cases recorded from Docker Engine: a table per area (ARGS=-v for reasons)
	$(BIN)/python tests/conformance/table.py $(ARGS)

differential: install ## send REQUESTS generated from a SEED to Docker Engine, too, and compare (as root)
	@echo "seed: $(SEED)"
	DIFFERENTIAL_REQUESTS=$(REQUESTS) DIFFERENTIAL_SEED=$(SEED) DIFFERENTIAL_TIMEOUT=86400 \
		$(BIN)/python -m pytest -s tests/differential $(ARGS)

docker-samples: install ## record the samples of Docker 28 anew, with the dockerd in the root file system ROOTFS (as root)
	@test -n "$(ROOTFS)" || { echo 'say where the engine is, see tests/samples/README.md: make docker-samples ROOTFS=DIR'; exit 2; }
	$(BIN)/python tests/samples/recording/record.py $(ROOTFS)
	$(BIN)/python tests/samples/recording/old.py $(ROOTFS)

clients: install ## run what others wrote against the service: passed and failed by client (DOCKER_PY=, ARGS="NAME …")
	@.ci/components
	$(BIN)/python tests/foreign/run.py $(ARGS)

fuzz: install ## send REQUESTS changed at random, and EXAMPLES made from docs/openapi.yaml to each route, from a SEED
	@echo "seed: $(SEED)"
	FUZZ_REQUESTS=$(REQUESTS) FUZZ_SEED=$(SEED) $(BIN)/python -m pytest -q tests/api/wire/test_fuzz.py $(ARGS)
	OPENAPI_EXAMPLES=$(EXAMPLES) OPENAPI_SEED=$(SEED) \
		$(BIN)/python -m pytest -q -n $(WORKERS) tests/api/test_openapi.py $(ARGS)

mutants: install ## plant deliberate faults, and see a test fail for each (ARGS="NAME …")
	$(BIN)/python tests/support/mutants.py $(ARGS)

soak: install ## OPERATIONS of clients, KILLS, and power CUTS as root, within MINUTES, from a SEED; all judged
	$(BIN)/python tests/histories/run.py --operations $(OPERATIONS) --kills $(KILLS) --cuts $(CUTS) \
		--minutes $(MINUTES) --seed $(SEED) $(ARGS)

## Measure it

bench: install ## speed against the budget, beside Docker Engine (ARGS="--quick --json OUT --large N")
	$(BIN)/python benchmarks/run.py $(ARGS)

bench-lists: install ## lists and filters of up to 100,000 containers (ARGS="--size N --samples N")
	$(BIN)/python benchmarks/lists.py $(ARGS)

bench-store: install ## upgrade, check, backup and cook-book with 100,000 containers (ARGS="--quick --size N")
	$(BIN)/python benchmarks/store.py $(ARGS)

bench-events: install ## events to 100 readers, and what they cost the writer (ARGS="--readers N --count N")
	$(BIN)/python benchmarks/subscribers.py $(ARGS)

bench-reloads: install ## reloads, sweeps, and starts during reloads (ARGS=--quick)
	$(BIN)/python benchmarks/reloads.py $(ARGS)

## Release it

wheel: install ## build the wheel into ./dist
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

sbom: install ## write a bill of materials (CycloneDX) of what an installed statesvc brings, to ./dist
	@.ci/sbom $(VENV) dist/statesvc.cdx.json

golden: install ## release a migration: store a database of its schema and its digest (REVISION=0002)
	@test -n "$(REVISION)" || { echo 'say which: make golden REVISION=0002'; exit 2; }
	$(BIN)/python tests/migrations/make_golden.py $(REVISION)

.PHONY: help serve migrate install fix docs revision clean check quick test conformance differential docker-samples clients fuzz soak mutants bench bench-lists bench-store bench-events bench-reloads wheel sbom golden
