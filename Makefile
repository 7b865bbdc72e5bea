# The house's commands. `make run` or `make demo` is all a fresh clone needs; the rest is for people who work here.
# PYTHON names the interpreter the environment is made with (3.11 or newer).
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# Compiled modules are kept beside their sources, even where the machine's environment says not to: else each of
# a run's hundreds of processes would compile them again.
export PYTHONDONTWRITEBYTECODE :=

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
# quiet but for errors: pip says a lot about a farm's find-links and about itself
PIP := PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-warn-script-location
PYTEST_ARGS ?=
# processes that tests run in, each with servers of its own (more than cores: a third of the time they wait); 0 for one that a debugger can enter
TEST_JOBS ?= 3
BENCH_ARGS ?=
OURS := trustmark trustcore common accounts audit notify licensing receipts training watermarking screenplays provenance verification compliance agents_portal clients/python/trustmark_client clients/witness/trustmark_witness \
	clients/shotgrid/trustmark_shotgrid clients/ftrack/trustmark_ftrack clients/blender/trustmark_blender \
	clients/opencue/trustmark_opencue clients/kitsu/trustmark_kitsu clients/ayon/trustmark_ayon clients/unreal/trustmark_unreal clients/deadline/Trustmark/Trustmark.py

.PHONY: help install install-dev run demo serve test tour screenshots integrations lint types contracts requirements bench bench-marks fuzz-api corpus sbom lock structure clean format

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# -- the environment --------------------------------------------------------------------------------------
# Each step leaves a stamp beside what it made; a second run does nothing.
define timed
	@printf '%-46s' '$(1)'; start=$$(date +%s); $(2); mkdir -p $(STAMPS); touch $@; echo "ready $$(( $$(date +%s) - start )) s"
endef

$(STAMPS)/venv:
	$(call timed,environment .venv,$(PYTHON) -m venv $(VENV))

$(STAMPS)/base: $(STAMPS)/venv requirements/base.txt
	$(call timed,packages of the lock,$(PIP) --require-hashes --requirement requirements/base.txt)

$(STAMPS)/torch: $(STAMPS)/base requirements/torch.txt
	$(call timed,torch,$(PIP) --requirement requirements/torch.txt)

$(STAMPS)/ours: $(STAMPS)/torch pyproject.toml trustcore/pyproject.toml clients/python/pyproject.toml clients/witness/pyproject.toml
	$(call timed,our own packages,$(PIP) --no-deps --no-build-isolation --editable . --editable trustcore --editable clients/python --editable clients/witness)

$(STAMPS)/dev: $(STAMPS)/ours requirements/dev.txt
	$(call timed,packages of the gates,$(PIP) --require-hashes --requirement requirements/dev.txt)

$(STAMPS)/marks: $(STAMPS)/dev requirements/marks.txt
	$(call timed,packages that measure the marks,$(PIP) --require-hashes --requirement requirements/marks.txt)

install: $(STAMPS)/ours ## make .venv from the locks, nothing else
install-dev: $(STAMPS)/dev ## the same with what tests and gates need

# -- running ----------------------------------------------------------------------------------------------
run: install ## start every part, play the main job once, keep serving
	@exec $(BIN)/python -m trustmark.embedded.supervisor run

demo: install ## the same on a scratch var/demo, then stop; fails if any step fails
	@exec $(BIN)/python -m trustmark.embedded.supervisor demo

serve: install ## start every part without the demonstration
	@exec $(BIN)/python -m trustmark.embedded.supervisor serve

# -- gates ------------------------------------------------------------------------------------------------
test: install-dev ## all tests on real parts (a PostgreSQL, a Valkey, a Chromium of their own)
	@scripts/system-packages
	@$(BIN)/python -m pytest --numprocesses $(TEST_JOBS) --dist loadfile --no-loadscope-reorder -p tests.scheduling -m "not timed and not tour" $(PYTEST_ARGS) || [ $$? = 5 ]
	@$(BIN)/python -m pytest -p tests.scheduling -m timed $(PYTEST_ARGS) || [ $$? = 5 ]  # 5: nothing of that kind was asked for

tour: install-dev ## every page of every seat before axe and a ruler, in two sizes and two colours; some five minutes
	@scripts/system-packages
	@$(BIN)/python -m pytest tests/tour

screenshots: install-dev ## a picture of every page of every seat in docs/portal, from a deployment with the demonstration's cast
	@scripts/system-packages
	@mkdir -p docs/portal && rm -f docs/portal/*.png
	@TRUSTMARK_PICTURES=docs/portal $(BIN)/python -m pytest tests/tour -q

integrations: install-dev ## the adapters on the real tools (Blender, OpenCue, ftrack, AYON, Kitsu), each in an environment of its own: 2.3 GB
	@$(BIN)/python scripts/integrations.py

lint: install-dev ## ruff and spelling
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/codespell

format: install-dev ## let ruff write
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: install-dev ## mypy, strict
	@TRUSTMARK_SECRET=only-read-by-the-plugin-that-loads-settings $(BIN)/mypy $(OURS)

contracts: install-dev ## the floors: who may import whom; the structure in one file is what the migrations make
	@$(BIN)/lint-imports
	@$(BIN)/python scripts/structure.py --check

structure: install-dev ## write trustmark/structure/structure.sql anew, after a migration was added or changed
	@$(BIN)/python scripts/structure.py

requirements: install-dev ## which IDs of the checklist are proved by a test; writes docs/requirements.md
	@$(BIN)/python scripts/requirements.py

bench: install-dev ## measurements; writes docs/benchmarks.md
	@if [ -f bench/run.py ]; then $(BIN)/python bench/run.py $(BENCH_ARGS); else echo 'no benchmarks yet'; fi

bench-marks: $(STAMPS)/marks ## what the marks survive; writes docs/watermark-table.md
	@$(BIN)/python -m bench.marks $(BENCH_ARGS)

fuzz-api: install-dev ## every operation of the API asked what its schema allows and what it does not, as every seat; half an hour
	@$(BIN)/python -m bench.fuzz $(BENCH_ARGS)

corpus: install-dev ## what a folder of clips (CLIPS=...) goes through on its way, and what the verifier says of each copy
	@$(BIN)/python -m bench.corpus $(CLIPS) $(BENCH_ARGS)

sbom: install-dev ## the bill of materials of what runs (CycloneDX), from the locks; writes trustmark/sbom.cdx.json
	@$(BIN)/python scripts/sbom.py

lock: install-dev ## resolve the locks anew (torch stands apart)
	@cd requirements && for name in base dev marks; do \
	  ../$(BIN)/pip-compile --quiet --allow-unsafe --generate-hashes --no-annotate --no-emit-find-links \
	    --no-emit-index-url --no-emit-trusted-host --strip-extras --output-file=$$name.txt $$name.in; done

clean: ## remove the environment, data and caches
	@rm -rf $(VENV) var build .mypy_cache .ruff_cache .import_linter_cache *.egg-info */*.egg-info clients/*/*.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
