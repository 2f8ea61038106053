# Everything that is done with a checkout. `make` alone prints the menu.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

# 3.11 comes first because it is the oldest supported version and the one that constraints.txt was
# made on: what works there works for everybody. Each name is tried by running it: the shims of a
# version manager may exist without a Python behind them, and Debian's Python may lack ensurepip.
USABLE := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
	"$$python" -c '$(USABLE)' >/dev/null 2>&1 && { echo "$$python"; break; }; done)

# Anything to hand on: `make test ARGS="-k refund -x"`, `make test ARGS="-n 0 --pdb"`, `make demo ARGS=--json`.
ARGS ?=

PLUGINS := $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml))
INPUTS := pyproject.toml $(PLUGINS:=/pyproject.toml) constraints.txt
VENV := .venv
BIN := $(VENV)/bin

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help: ## Print this menu
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

.PHONY: install
install: $(VENV)/.installed ## Create .venv with the SDK, its plugins and all tools

# Says what to do, instead of letting venv or pip fail with a traceback.
define require_python
	@if [ -n "$(PYTHON)" ] && "$(PYTHON)" -c '$(USABLE)' 2>/dev/null; then exit 0; fi; \
	for python in $(or $(PYTHON),python3.11 python3.12 python3.13 python3); do \
		if "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then \
			echo "$$python cannot make virtual environments: its module venv or ensurepip is missing."; \
			echo "On Debian and Ubuntu: apt install python3-venv"; \
			exit 1; \
		fi; \
		version=$$("$$python" --version 2>/dev/null) && found="$$found $$version,"; \
	done >&2; \
	found=$${found%,}; \
	echo "Python 3.11, 3.12 or 3.13 is needed; found:$${found:- none}." >&2; \
	echo "Name one yourself with: make install PYTHON=/path/to/python3.11" >&2; \
	exit 1
endef

# The stamp lets a second `make test` start at once. A venv that works is kept and brought up to date,
# which is quicker than a new one; --clear is for one whose Python is gone or that was left half made.
$(VENV)/.installed: $(INPUTS)
	$(require_python)
	@$(BIN)/python -c 'import pip; $(USABLE)' 2>/dev/null || { \
		if [ -e $(VENV) ] && [ ! -e $(VENV)/pyvenv.cfg ]; then \
			echo "$(VENV) is no virtual environment; nothing in it was touched." >&2; exit 1; fi; \
		echo "Creating $(VENV) with $$("$(PYTHON)" --version)"; "$(PYTHON)" -m venv --clear $(VENV); }
	$(BIN)/python -m pip install --constraint constraints.txt \
		--editable '.[all,dev]' $(foreach plugin,$(PLUGINS),--editable $(plugin))
	@touch $@

.PHONY: demo
demo: install ## Watch real orders become planned, explained and sent messages
	$(BIN)/aftercare demo $(ARGS)

.PHONY: test
test: install ## Run the tests (all but those that take minutes)
	$(BIN)/python -m pytest --numprocesses=2 --dist=worksteal $(ARGS)

.PHONY: test-long
test-long: install ## Run the tests that take minutes
	$(BIN)/python -m pytest -m long $(ARGS)

.PHONY: check
check: install ## Check style, types, layers and the code blocks of the docs
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -q $(wildcard README*.md docs plugins/*/README.md) src

# Each Python has its venv, kept for the next time. A last round takes the oldest pluggy that is allowed:
# its calling conventions are what plugins rest on.
.PHONY: test-pythons
test-pythons: ## Run the tests on every Python found, 3.11 to 3.13, and on the oldest pluggy
	@for version in 3.11 3.12 3.13; do \
		usable=; \
		for python in python$$version "$$HOME"/.pyenv/versions/$$version.*/bin/python; do \
			if "$$python" -c '$(USABLE)' >/dev/null 2>&1; then usable=$$python; break; fi; \
		done; \
		if [ -z "$$usable" ]; then results="$$results\n  Python $$version: not found"; continue; fi; \
		if $(MAKE) --no-print-directory test VENV=.venvs/$$version PYTHON="$$usable"; \
		then results="$$results\n  Python $$version: passed"; \
		else results="$$results\n  Python $$version: FAILED"; failed=yes; fi; \
	done; \
	if $(MAKE) --no-print-directory test-pluggy; \
	then results="$$results\n  pluggy 1.5: passed"; \
	else results="$$results\n  pluggy 1.5: FAILED"; failed=yes; fi; \
	printf "Tests:$$results\n"; [ -z "$$failed" ]

.PHONY: test-pluggy
test-pluggy:
	@$(MAKE) --no-print-directory install VENV=.venvs/pluggy
	.venvs/pluggy/bin/python -m pip install --quiet 'pluggy==1.5.*'
	.venvs/pluggy/bin/python -m pytest $(ARGS)

# `build` makes each wheel out of its sdist, so a file that the sdist lacks is found here.
.PHONY: wheels
wheels: install ## Build the distributions into dist/
	rm -rf dist
	for project in . $(PLUGINS); do $(BIN)/python -m build --no-isolation --outdir dist $$project || exit 1; done

# Outside the checkout nothing but the wheels can be imported: what they lack shows up.
.PHONY: wheel-demo
wheel-demo: wheels ## Run the demo from the built wheels in an empty environment
	set -e; folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	$(BIN)/python -m venv "$$folder/venv"; \
	"$$folder/venv/bin/python" -m pip install --quiet --constraint constraints.txt \
		"$$(ls dist/aftercare_sdk-*.whl)[all]" $$(ls dist/*.whl | grep -v /aftercare_sdk-); \
	cd "$$folder"; venv/bin/aftercare demo --no-serve --json >demo.json; \
	venv/bin/python -m json.tool demo.json

# With no more than an author of plugins gets: the SDK with [testing], the plugin, and what its own tests
# import beside it. Only tests and the files that they read are taken along, and the first check proves that
# no source of the checkout is among what is imported.
.PHONY: test-wheel
test-wheel: wheels ## Run the tests of the plugins against the built wheels, away from the checkout
	set -e; folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; unset PYTHONPATH; \
	$(BIN)/python -m venv "$$folder/venv"; \
	"$$folder/venv/bin/python" -m pip install --quiet --constraint constraints.txt jsonschema graphql-core \
		"$$(ls dist/aftercare_sdk-*.whl)[testing]" $$(ls dist/*.whl | grep -v /aftercare_sdk-); \
	mkdir -p "$$folder/away/docs" "$$folder/away/plugins"; \
	cp -R docs/reference "$$folder/away/docs"; cp .ci/plugins.ini .ci/only_wheels.py "$$folder/away"; \
	for plugin in $(PLUGINS); do \
		mkdir "$$folder/away/$$plugin"; cp -R $$plugin/tests $$plugin/README.md "$$folder/away/$$plugin"; \
	done; \
	cd "$$folder/away"; ../venv/bin/python only_wheels.py; \
	../venv/bin/python -m pytest -c plugins.ini --rootdir . -p no:cacheprovider $(ARGS)

# It measures for minutes, prints, and fails only when something does not run.
.PHONY: bench
bench: install ## Measure against named baselines
	$(BIN)/python -m benchmarks $(ARGS)

# The newest versions that fit together on 3.11, from an empty environment. Freeze leaves out the
# project's own distributions, which come from the checkout.
.PHONY: constraints
constraints: ## Resolve constraints.txt anew
	set -e; folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	python3.11 -m venv "$$folder/venv"; \
	"$$folder/venv/bin/python" -m pip install --editable '.[all,dev]' $(foreach plugin,$(PLUGINS),--editable $(plugin)); \
	{ sed -n '/^#/p' constraints.txt; \
	  "$$folder/venv/bin/python" -m pip freeze --exclude-editable | LC_ALL=C sort --ignore-case; } >"$$folder/new"; \
	mv "$$folder/new" constraints.txt

.PHONY: clean
clean: ## Remove everything that the targets above have made
	rm -rf .venv .venvs dist .benchmarks-* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find src plugins tests examples docs -name __pycache__ -type d -prune -exec rm -rf {} +
