.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: help repro report add-class test test-cluster check notebook bench clean lock

help:  ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

repro: $(VENV)/installed  ## Run the pipeline: whatever has changed since the last run
	dvc repro

report: $(VENV)/installed  ## Run what the report needs; say of which commit it is, and where
	dvc repro report
	@echo "commit $$(git describe --always --dirty=', with changes that are not committed')"
	@echo "file://$(CURDIR)/reports/index.html"

# The shell reads both from the environment, and make expands neither: quotes, `$(...)` and backticks do no harm.
add-class: export override IMAGE := $(value IMAGE)
add-class: export override NAME := $(value NAME)
add-class: $(VENV)/installed  ## Make a picture a new class: IMAGE=stop_ahead.svg NAME="Stop ahead"
	@signs add -- "$$IMAGE" "$$NAME"

test: $(VENV)/installed-dev  ## Run the tests
	pytest

test-cluster: $(VENV)/installed-dev  ## Run the tests of trainings on clusters whose machines are killed
	pytest -m cluster tests/cluster

check: $(VENV)/installed-dev  ## Check style, types and the direction of imports
	ruff check .
	ruff format --check .
	mypy
	lint-imports --no-cache

notebook: $(VENV)/installed-dev  ## Run docs/article.ipynb and keep its outputs
	python tests/docs/test_notebook.py

bench: $(VENV)/installed  ## Measure speed
	@for file in $(basename $(notdir $(wildcard benchmarks/bench_*.py))); do python -m benchmarks.$$file || exit 1; done

clean:  ## Remove the virtual environment, logs and caches; results stay in DVC's cache
	rm -rf $(VENV) logs build *.egg-info .hypothesis .import_linter_cache .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

EXTRAS := dev
COMPILE := uv pip compile --universal --generate-hashes --no-emit-index-url --upgrade --quiet \
  --custom-compile-command "make lock" --extra pipeline pyproject.toml

lock:  ## Choose all versions anew (needs uv)
	$(COMPILE) -o requirements.lock
	for extra in $(EXTRAS); do $(COMPILE) --extra serve --extra cluster --extra $$extra -c requirements.lock -o requirements-$$extra.lock || exit 1; done

INSTALL := $(VENV)/bin/pip install --quiet --disable-pip-version-check

# Hashes in the lock files make pip refuse anything else. The package itself needs no network: what builds it is locked.
$(VENV)/installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; \
	  sys.exit(None if (3, 11) <= v < (3, 14) else f"Python {v[0]}.{v[1]} has no TensorFlow; make PYTHON=python3.13 names another")'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) -r requirements.lock
	$(INSTALL) --no-index --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.lock
	$(INSTALL) -r requirements-dev.lock
	touch $@
