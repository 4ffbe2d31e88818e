# Everything a newcomer needs. Each target makes the virtual environment first, if it is not there yet.
#   make demo    what 112 changes for the people of Central Java, on one screen
#   make test    all quick checks: ruff, mypy, pytest
#   make check   the same with the slow tests, and those in a browser where there is one

VENV ?= .venv
# The newest Python that the project supports; `make PYTHON=/path/to/python3.12 demo` overrides it.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	"$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo "$$p" && break; done)
BIN := $(VENV)/bin
SOURCES := sim112 tests scripts

.PHONY: demo test check lint install clean

demo: $(VENV)/run.installed
	$(BIN)/sim112 compare dec_2021 known_2025 all_35

test: lint
	$(BIN)/python -m pytest -q -n auto --dist loadfile -m "not slow and not browser"

check: lint
	$(BIN)/python -m pytest -q -n auto

lint: $(VENV)/test.installed
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy

install: $(VENV)/run.installed

$(VENV)/run.installed: $(VENV)/bin/pip pyproject.toml
	$(BIN)/pip install --quiet --editable .
	@touch $@

$(VENV)/test.installed: $(VENV)/bin/pip pyproject.toml
	$(BIN)/pip install --quiet --editable ".[test]"
	@touch $@ $(VENV)/run.installed

$(VENV)/bin/pip:
	@test -n "$(PYTHON)" || { echo "sim112 needs Python 3.11, 3.12 or 3.13; none was found" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
