# `make search` does the main job, `make test` checks everything; both install what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One thread a process: the workers share the cores by being several.
export OMP_NUM_THREADS := 1

.PHONY: help install search dashboard test browser lint format benchmarks clean
.DELETE_ON_ERROR:

help:  ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

install: $(VENV)/.installed  ## Make .venv with softshare in it

search: $(VENV)/.installed  ## Search the quickstart study; ARGS="study.num_trials=24" overrides keys
	$(BIN)/softshare search experiment=quickstart $(ARGS)

dashboard: $(VENV)/.installed  ## Show the quickstart study as a live page; ARGS="dashboard.port=9000" overrides keys
	$(BIN)/softshare dashboard experiment=quickstart $(ARGS)

test: $(VENV)/.installed-dev browser lint  ## Lint, types, import contract and tests
	$(BIN)/python -m pytest -n 2 $(ARGS)

# The pages are tested in Chromium, from the system's packages where this machine lets us.
browser:
	@command -v chromium chromium-browser google-chrome google-chrome-stable >/dev/null || \
	(test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq && \
	apt-get install -y -qq --no-install-recommends chromium) || \
	echo "no Chromium: the tests in a browser are skipped; apt-get install chromium as root" >&2

lint: $(VENV)/.installed-dev  ## Lint, formatting, types and import contract
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-dev  ## Format the code
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

benchmarks: $(VENV)/.installed-dev  ## Measure step time and trial time into results/
	$(BIN)/python -m benchmarks.prior_step
	$(BIN)/python -m benchmarks.conv_step
	$(BIN)/python -m benchmarks.method_step
	$(BIN)/python -m benchmarks.prior_scale
	$(BIN)/python -m benchmarks.large
	$(BIN)/python -m benchmarks.trial
	$(BIN)/python -m benchmarks.search_policy
	$(BIN)/python -m benchmarks.hyperparameters
	$(BIN)/python -m benchmarks.halving
	$(BIN)/python -m benchmarks.scale
	$(BIN)/python -m benchmarks.faults
	$(BIN)/python -m benchmarks.dashboard
	$(BIN)/python -m benchmarks.quickstart
	$(BIN)/python -m benchmarks.networks lenet_300_100 lenet_300_100_shifted lenet_5_caffe tutorial_network
	$(BIN)/python -m benchmarks.methods lenet_300_100_shifted
	$(BIN)/python -m benchmarks.methods lenet_5_caffe
	$(BIN)/python -m benchmarks.distillation
	$(BIN)/python -m benchmarks.ablations
	$(BIN)/python -m benchmarks.codec_size
	$(BIN)/python -m benchmarks.codec_speed
	$(BIN)/python -m benchmarks.codec_fuzz

clean:  ## Remove the environment and the caches, not the runs
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/pip:
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("softshare needs Python 3.11 or later: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV) || (echo "no venv module: apt-get install python3-venv" >&2; rm -rf $(VENV); exit 1)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@
