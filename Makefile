# `make run` and `make test` are all a new user needs; `make help` lists the rest.
#
#   PYTHON=python3.12   build .venv with that Python (3.11 to 3.13)
#   GPU=1               add TensorFlow's CUDA libraries (Linux with an NVIDIA card); CXR_GPU=1 does the same
#   ARGS="..."          words handed on to the command behind run, lab, test, prove and bench

VENV := .venv
BIN := $(VENV)/bin
GPU ?= $(CXR_GPU)
READY := $(VENV)/.ready$(if $(filter 1,$(GPU)),-gpu)
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
SHELL := /bin/bash

# The first Python that suits, so that an old or a very new `python3` does not stop anyone.
SUITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	$$name -c '$(SUITS)' 2>/dev/null && echo $$name && break; done)

# Nothing of the user's own Python, Jupyter or environment gets into ours. pip's own configuration
# (which index to ask) is kept; only what would install outside .venv is switched off.
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONOPTIMIZE PYTHONWARNINGS VIRTUAL_ENV CONDA_PREFIX
unexport JUPYTER_PATH PIP_TARGET PIP_PREFIX PIP_REQUIRE_VIRTUALENV
export PYTHONNOUSERSITE := 1
export PIP_USER := 0
export JUPYTER_PREFER_ENV_PATH := 1
export IPYTHONDIR := $(abspath $(VENV))/ipython

.DEFAULT_GOAL := help
.PHONY: help run test lab page setup prove bench lint lock notebooks clean

help:  ## list the tasks
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

run: setup  ## run the notebooks in order on generated films, from S3 to prediction
	$(BIN)/cxr run $(ARGS)

test: setup  ## unit tests, the notebooks end to end, and nbval over the stored notebooks
	$(BIN)/python -m pytest $(ARGS)

lab: setup  ## open JupyterLab on the suite
	$(BIN)/jupyter lab $(LAB_OPTIONS) $(ARGS)

page: setup  ## open the upload panel of 06_predict alone, as a web page without code (Voila)
	$(BIN)/voila notebooks/06_predict.ipynb $(PAGE_OPTIONS) $(ARGS)

prove: setup  ## the long proofs
	$(BIN)/python -m pytest -m prove $(ARGS)

bench: setup  ## the speed and memory ratios; writes outputs/benchmarks.json
	$(BIN)/cxr bench $(ARGS)

lint: setup  ## the same linters as pre-commit, over code and notebooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

notebooks: setup  ## execute the stored notebooks again, in place, on generated films
	$(BIN)/python -m tests.notebooks.store $(ARGS)

clean:  ## remove .venv and what the linters and tests leave; `cxr clean` removes runs
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
	find helpers tests notebooks -name __pycache__ -prune -exec rm -rf {} +

# Jupyter's limit for one upload is 10 MB, above which a film never arrives and nothing is said;
# and Jupyter refuses to start as root (a container, mostly) unless told.
LARGE_UPLOADS := tornado_settings="{'websocket_max_message_size': 209715200}"
LAB_OPTIONS := --ServerApp.$(LARGE_UPLOADS) $(if $(filter 0,$(shell id -u)),--allow-root)
# The page leaves out the cells that teach; they are tagged `lesson`.
PAGE_OPTIONS := --Voila.$(LARGE_UPLOADS) --TagRemovePreprocessor.remove_cell_tags=lesson

setup: $(READY)  ## build .venv from requirements.lock; done once, repeated only when it changed

# A .venv made with another Python than the one asked for, or moved here from another folder, is no use.
ifneq ($(filter command environment,$(origin PYTHON)),)
WANTED := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
HAVE := $(shell $(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
STALE := $(if $(filter $(WANTED),$(HAVE)),,rebuild)
endif
ifneq ($(wildcard $(VENV)/.place),)
STALE := $(STALE)$(if $(filter $(abspath $(VENV)),$(shell cat $(VENV)/.place)),,rebuild)
endif

.PHONY: rebuild
rebuild:

# Of pip's many lines, the downloads past 10 MB show that it is alive.
install = set -o pipefail; $(PIP) install --no-deps --require-hashes -r $(1) \
	| { grep --line-buffered -E '^ *Downloading .*[0-9]{2}(\.[0-9]+)? MB' || true; }

$(VENV)/.installed: requirements.lock $(if $(STALE),rebuild)
	@test -n "$(PYTHON)" && $(PYTHON) -c '$(SUITS)' 2>/dev/null || { echo "cxr needs Python 3.11, 3.12 or 3.13\
	 and found $$($(or $(PYTHON),python3) --version 2>&1 || echo no such Python): install one of them and name it,\
	 as in 'make $(firstword $(MAKECMDGOALS)) PYTHON=python3.12'." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) has no venv module:\
	 on Debian or Ubuntu install it with 'apt install python3-venv', then repeat the command." >&2; exit 1; }
	@echo "Building $(VENV) with $$($(PYTHON) --version) from requirements.lock: some minutes, once."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(call install,requirements.lock)
	@echo "$(abspath $(VENV))" > $(VENV)/.place
	@touch $@

$(VENV)/.ready: $(VENV)/.installed pyproject.toml
	@$(PIP) install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.ready-gpu: $(VENV)/.ready requirements-gpu.lock
	@echo "Adding TensorFlow's CUDA libraries: about 3 GB to fetch, 4 GB on disk."
	@$(call install,requirements-gpu.lock)
	@touch $@

# uv resolves once for every supported Python and platform. It lives in a throw-away environment:
# set-up itself uses plain pip, which honours the user's pip configuration.
COMPILE = "$$uv/bin/uv" pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header -q

lock:  ## bring the locks up to pyproject.toml; UPGRADE=1 takes the newest of everything
	@set -e; uv=$$(mktemp -d); trap 'rm -rf "$$uv"' EXIT; \
	$(PYTHON) -m venv "$$uv"; "$$uv/bin/pip" install -q uv; \
	$(COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml --extra test -o requirements.lock; \
	echo 'tensorflow[and-cuda]' | $(COMPILE) - -c requirements.lock -o "$$uv/gpu.txt"; \
	awk 'NR == FNR { if (/==/) have[$$1]; next } /==/ { keep = !($$1 in have) } keep' \
		requirements.lock "$$uv/gpu.txt" > requirements-gpu.lock; \
	sed -n '/==/s/ *\\$$//p' requirements.lock > constraints.txt
