# The two commands that matter: `make demo` shows what Trove does, `make test` proves it.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# Tests of one file share what is costly to make, and stay in one process.
PARALLEL := --numprocesses 2 --dist loadfile --no-loadscope-reorder
# Two processes with two threads each would hold each other up on two cores.
TESTED := OMP_NUM_THREADS=1 $(BIN)/pytest
DEMO := $(BIN)/trove --library demo-library
DATA ?= samples

.PHONY: help setup demo test test-app check unit test-all bench quality clean

help:
	@echo "make demo      install, index the samples, search them"
	@echo "make test      install, check style, types and layers, run the tests"
	@echo "make test-app  of these, only what drives the app in Chromium, with pictures of it"
	@echo "make test-all  all of them, with the slow ones"
	@echo "make bench     measure speed; BENCH=--quick for a few minutes, BENCH='--pictures FOLDER' for your own"
	@echo "make quality   compare answers with the baseline; DATA=FOLDER for other data than the samples, UPDATE=1 to keep"
	@echo "make clean     remove the environment and the sample library"

setup: $(READY)

$(READY): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --progress-bar on -e ".[builtin,dev]"
	@touch $@

demo: $(READY)
	@echo "== Indexing samples/"
	@$(DEMO) index samples
	@echo; echo '== A picture by its content:  trove search "a lighthouse"'
	@$(DEMO) search "a lighthouse" --kind image -k 3
	@echo; echo '== A moment in a video:       trove search "a camel with its young" --kind frame'
	@$(DEMO) search "a camel with its young" --kind frame -k 3
	@echo; echo '== Something that was said:   trove search "where are the keys of the garden house"'
	@$(DEMO) search "where are the keys of the garden house" --kind speech -k 3
	@echo; echo '== Something that is written: trove search written:fire-rescue'
	@$(DEMO) search written:fire-rescue
	@echo; echo "Open the app on the same library:"
	@echo "    $(DEMO) ui"

test: $(READY) check
	$(TESTED) $(PARALLEL) -m "not slow"

test-app: $(READY)
	TROVE_SHOTS=1 $(BIN)/pytest -m "browser and not slow"

test-all: $(READY) check
	$(TESTED) $(PARALLEL)

bench: $(READY)
	$(BIN)/python bench/all.py $(BENCH)

quality: $(READY)
	$(BIN)/python bench/quality/gate.py $(DATA) $(if $(UPDATE),--update)

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf .venv demo-library test-output bench-output .pytest_cache .mypy_cache .ruff_cache .hypothesis
