# Everything a contributor or CI needs. `make serve` and `make test` are the two commands of the README.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PORT   ?= 8000

export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: serve test check format build wheel bench bench-validation soak fuzz mutations controls lock clean help

help:  ## Say what each target does
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

serve: $(VENV)/.serve  ## Build the dataset and serve it on http://127.0.0.1:8000/
	$(BIN)/clustergraph build
	$(BIN)/clustergraph serve --port $(PORT)

test: $(VENV)/.dev  ## Run everything that CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/clustergraph check
	$(BIN)/python -m pytest

check: $(VENV)/.serve  ## Say what is wrong with the contributed files
	$(BIN)/clustergraph check

build: $(VENV)/.serve  ## Write dist/
	$(BIN)/clustergraph build

format: $(VENV)/.dev  ## Format the Python code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

wheel: $(VENV)/.serve  ## Write a wheel that carries the built dataset to build/
	$(BIN)/clustergraph build --out src/clustergraph/dist
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir build .
	rm -rf src/clustergraph/dist

bench: $(VENV)/.dev  ## Measure us beside other servers on this machine; takes long, installs the others itself
	$(BIN)/clustergraph build
	$(BIN)/python -m bench

bench-validation: $(VENV)/.dev  ## Measure our validation beside that of others; takes ten minutes, installs the others itself
	$(BIN)/python -m bench.validation

soak: $(VENV)/.dev  ## Break things on purpose and count what others notice; SOAK_MINUTES (10) for the last and longest part
	$(BIN)/python -m tests.faults.soak

fuzz: $(VENV)/.dev  ## Send a server requests made by chance, for FUZZ_S seconds (default 600)
	$(BIN)/clustergraph build
	PYTHONPATH=tests $(BIN)/python -m hostile.fuzz $(or $(FUZZ_S),600)

mutations: $(VENV)/.dev  ## Spoil the files of the repository by chance, MUTATIONS (10000) times, and ask two other SHACL engines
	CLUSTERGRAPH_MUTATIONS=$(or $(MUTATIONS),10000) $(BIN)/python -m pytest -q tests/test_mutations.py
	CLUSTERGRAPH_EXAMPLES=2000 $(BIN)/python -m pytest -q tests/test_shacl_others.py tests/conformance/test_reading_others.py

controls: $(VENV)/.dev  ## Take away each control in turn, in a copy, and see its tests turn red; CONTROLS="word …" for some
	$(BIN)/python -m tests.controls $(CONTROLS)

lock: $(VENV)/.dev  ## Write the hash-locked requirements anew (needs `uv` on the path)
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --extra serve --extra check \
	    requirements-build.in pyproject.toml --output-file requirements.lock
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --extra dev \
	    requirements-build.in pyproject.toml --output-file requirements-dev.lock

clean:  ## Remove what the other targets made
	rm -rf $(VENV) dist .dist.*.building .dist.previous .dist.stores build .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Two stamps: what serving needs, and what development adds. Hashes are required, so nothing unlisted is installed.
$(VENV)/.serve: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.serve
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-dev.lock
	touch $@
