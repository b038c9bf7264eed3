# make demo   installs the package into .venv and runs the main job on the embedded data
# make test   installs what the tests need and runs the whole suite
# Both need Python >= 3.11 with pip, and nothing else. Another interpreter: make demo PYTHON=python3.12

PYTHON ?= python3
VENV ?= .venv
PYTEST_ARGS ?=
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check install --quiet

# Shell that ends a command: one line that says what happened, and the command's exit status.
START = start=$$(date +%s)
END = code=$$?; took=$$(($$(date +%s) - start)); \
	if [ $$code -eq 0 ]; then echo "make $@: done in $$took s$$said"; \
	else echo "make $@: FAILED with exit status $$code after $$took s, see above" >&2; fi; \
	exit $$code

# Without compiled files every process that a test starts compiles the package anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test dev bench clean
.NOTPARALLEL:

help:
	@sed -n 's/^# \(make [a-z]*\)/\1/p' Makefile

demo:
	@$(START); said=", the picture is demo/compare.png"; \
	$(MAKE) -s --no-print-directory $(VENV)/.demo && mkdir -p demo \
	&& $(BIN)/w2s-stats compare --plot demo/compare.png; $(END)

test:
	@$(START); said=", every test passed or says above why it was skipped"; \
	$(MAKE) -s --no-print-directory $(VENV)/.test && $(BIN)/python -m pytest -n auto --dist worksteal $(PYTEST_ARGS); $(END)

# make dev    adds the linters, at the versions that .ci/run uses
dev:
	@$(START); said=", the tools are in $(BIN)"; $(MAKE) -s --no-print-directory $(VENV)/.dev; $(END)

# make bench  runs every benchmark and prints one table
bench:
	@$(START); said=""; $(MAKE) -s --no-print-directory $(VENV)/.test \
	&& $(BIN)/python -m bench; $(END)

# make clean  removes everything that the commands above and a build have made
clean:
	rm -rf $(VENV) demo build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
	rm -rf .import_linter_cache .hypothesis
	find w2s_stats kernels tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

# An empty environment. Some systems ship Python without ensurepip: then pip comes from outside.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	echo "Python >= 3.11 is needed; PYTHON=$(PYTHON) is $$($(PYTHON) --version 2>&1)" >&2; exit 1; }
	@echo "creating $(VENV)"
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { \
	$(PYTHON) -m venv --clear --without-pip $(VENV) \
	&& $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; }
	@touch $@

# Installed once, and again when pyproject.toml changes.
$(VENV)/.demo: $(VENV)/.made pyproject.toml
	@echo "installing w2s-stats and what the demo needs into $(VENV) (a minute or two)"
	@$(PIP) --editable '.[plot]'
	@touch $@

$(VENV)/.test: $(VENV)/.made pyproject.toml
	@echo "installing w2s-stats and what the tests need into $(VENV) (a minute or two)"
	@$(PIP) --editable '.[test]'
	@touch $@

$(VENV)/.dev: $(VENV)/.test .ci/constraints.txt
	@echo "installing the linters into $(VENV)"
	@$(PIP) --constraint .ci/constraints.txt --editable '.[dev]'
	@touch $@
