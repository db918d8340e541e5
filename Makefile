# `make demo` and `make test` do whatever set-up is missing, in a .venv of this checkout.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
# One thread per process unless the caller says otherwise: two busy processes of two threads
# on two cores are four times slower than one.
export HF_HUB_OFFLINE := 1

.PHONY: install demo test lint check

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --progress-bar off -c constraints.txt -e ".[dev]"
	touch $@

demo: install
	$(BIN)/segtransfer demo

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/python -m pytest
