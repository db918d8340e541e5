# `make demo` and `make test` do the set-up that is missing, in a .venv of this checkout.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -c constraints.txt
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 8 --dist worksteal
export HF_HUB_OFFLINE := 1
# Containers often set this; then each process compiles every module, and each worker every test, again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help install install-dev demo lint test test-all gpu-check site

help:           ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

install: $(VENV)/.installed-run          ## what running needs

install-dev: $(VENV)/.installed-dev      ## and the development tools

$(VENV)/.installed-run: pyproject.toml constraints.txt
	@echo "Installing segtransfer into $(VENV). PyTorch is large: 0.2 GB for CPUs, up to 3 GB with"
	@echo "the CUDA libraries that PyPI gives on Linux; that takes minutes, once."
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e ".[demo]"
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed-run
	@echo "Installing the development tools into $(VENV)."
	$(PIP) -e ".[dev]"
	@touch $@

demo: install                            ## pretrain, fine-tune and rank on synthetic images
	$(BIN)/segtransfer demo

lint: install-dev                        ## style, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint                               ## lint, and the tests that take minutes
	$(PYTEST) -m "not slow and not browser and not real"

test-all: lint                           ## lint, and every test: slow, in a browser, on real data
	$(PYTEST)

gpu-check: install                       ## scores and speed of this machine's GPU, in docs/measurements
	PYTHONPATH=tests $(BIN)/python -m speed.gpu_check

site: install-dev                        ## boards, sources, targets and documentation for a static host, in site/
	$(BIN)/mkdocs build --strict --site-dir site/docs
	$(BIN)/segtransfer site site --with-records
