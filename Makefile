.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: help repro report seeds add-class one-shot drawings test check bench clean lock

help:  ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

repro: $(VENV)/installed  ## Run the pipeline: whatever has changed since the last run
	dvc repro

report: $(VENV)/installed  ## Run what the report needs; say of which commit it is, and where
	dvc repro report
	@echo "commit $$(git describe --always --dirty=', with changes that are not committed')"
	@echo "file://$(CURDIR)/reports/index.html"

seeds: $(VENV)/installed  ## Train with seeds 1 to N (3): mean and standard deviation of every metric
	python -m signs.seeds $(or $(N),3)

add-class: $(VENV)/installed  ## Make a picture a new class: IMAGE=stop_ahead.svg NAME="Stop ahead"
	@python -m signs.add "$(IMAGE)" "$(NAME)"

# All known classes are rendered: were only withheld ones, what is rendered would be one of them.
KNOWN := [$(shell seq -s , 0 42)]
RECIPE ?= randomized
question = dvc exp run evaluate@augmented -S synthesize.recipe.name=$(RECIPE) -S train.margin=4 \
	  -S 'synthesize.known=$(KNOWN)' -S 'merge.withhold=$(WITHHELD)' $(SET)

# The classes of which Kim et al., "Variational prototyping-encoder", CVPR 2019, show no photograph either. Mirrored,
# photographs of 33 and 38 would show 34 and 39, so these pairs are not among those that augmentation mirrors.
one-shot: WITHHELD := [0,6,16,19,20,21,22,23,24,27,28,29,30,32,34,36,37,39,40,41,42]
one-shot: MIRRORED := [[11,11],[12,12],[13,13],[15,15],[17,17],[18,18],[22,22],[26,26],[30,30],[35,35],[19,20],[36,37]]
one-shot: $(VENV)/installed  ## Train on drawings of 21 classes and images of the others: is a new sign recognized?
	$(question) -S 'train.augmentation.camera.mirrored=$(MIRRORED)'

drawings: WITHHELD := $(KNOWN)
drawings: $(VENV)/installed  ## Train on drawings of all 43 classes alone
	$(question) -S 'synthesize.recipe.randomized.camera.lens.brightness=[0.04,1.0]'

test: $(VENV)/installed-dev  ## Run the tests
	pytest

check: $(VENV)/installed-dev  ## Check style and types
	ruff check .
	ruff format --check .
	mypy

bench: $(VENV)/installed  ## Measure speed
	@for file in $(basename $(notdir $(wildcard benchmarks/bench_*.py))); do python -m benchmarks.$$file || exit 1; done

clean:  ## Remove the virtual environment, logs and caches; results stay in DVC's cache
	rm -rf $(VENV) logs .hypothesis .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

lock:  ## Choose all versions anew (needs uv)
	uv pip compile --universal --generate-hashes --no-emit-index-url --upgrade -q \
	  --custom-compile-command "make lock" pyproject.toml -o requirements.lock
	uv pip compile --universal --generate-hashes --no-emit-index-url --upgrade -q \
	  --custom-compile-command "make lock" --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock

# Hashes in the lock files make pip refuse anything else.
$(VENV)/installed: requirements.lock
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; \
	  sys.exit(None if (3, 11) <= v < (3, 14) else f"Python {v[0]}.{v[1]} has no TensorFlow; make PYTHON=python3.13 names another")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements.lock
	touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.lock
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	touch $@
