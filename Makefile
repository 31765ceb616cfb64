SHELL := /bin/bash
PYTHONS := python3.13 python3.12 python3.11 python3
BIN := .venv/bin
RUN := $(BIN)/python -m
DEMO := build/demo
DATA ?= data
MODEL ?= zh
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet --progress-bar=off
# The CPUs that this process may use; pytest-xdist starts so many workers. `nproc` would ignore the
# quota of a container.
CPUS = $(shell $(BIN)/python -c "from ecm_tf.core.cpus import available_cpus; print(available_cpus())")

# Hundreds of processes of the tests import the packages, which compiling each time would slow down.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup lock chat demo test test-fast check docs web wheel corpus table4 bench format clean
.DELETE_ON_ERROR:

help: ## print this list
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## /\1	/p' $(MAKEFILE_LIST) | \
	  while IFS=$$'\t' read -r name text; do printf 'make %-10s %s\n' "$$name" "$$text"; done

setup: .venv/installed ## make .venv with the locked packages (PYTHON=… selects the interpreter)

# A name on the PATH need not run: pyenv's shims exist for versions that are not selected.
SUPPORTED := import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
.venv/installed: requirements.txt pyproject.toml
	@found=; if [ -n "$(PYTHON)" ]; then candidates="$(PYTHON)"; \
	elif [ -e .venv/installed ]; then candidates="$(BIN)/python $$(type -aP $(PYTHONS))"; \
	else candidates=$$(type -aP $(PYTHONS)); fi; \
	for python in $$candidates; do \
	  if "$$python" -c '$(SUPPORTED)' 2> /dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "error: expected Python 3.11, 3.12 or 3.13, found none$(PYTHON:%= in PYTHON=%);" \
	    "set PYTHON=/path/to/python" >&2; exit 2; \
	fi; \
	echo "make setup: $$("$$found" --version), $$found"; \
	[ "$$found" = "$(BIN)/python" ] || "$$found" -m venv --clear .venv
	$(PIP) -r requirements.txt
	$(PIP) --no-deps -e .
	touch $@

lock: setup ## resolve pyproject.toml into requirements.txt, for all supported Pythons (UPGRADE=--upgrade)
	$(RUN) uv pip compile pyproject.toml --output-file requirements.txt $(UPGRADE) --quiet \
	  --all-extras --universal --python-version 3.11 --fork-strategy fewest \
	  --annotation-style line --no-emit-index-url --custom-compile-command "make lock"

chat: setup ## talk to a released model, zh or en (MODEL=zh)
	@$(RUN) ecm_tf.chat --model $(MODEL)

demo: setup ## prepare the sample corpus, train, evaluate and export a model, and print its replies
	rm -rf $(DEMO)
	$(RUN) data_prep sample --output $(DEMO)/corpus
	$(RUN) data_prep build --train $(DEMO)/corpus/train.jsonl --dev $(DEMO)/corpus/dev.jsonl \
	  --test $(DEMO)/corpus/test.jsonl --ememory $(DEMO)/corpus/ememory.json --output $(DEMO)/dataset
	$(RUN) ecm_tf.train --dataset $(DEMO)/dataset --train_dir $(DEMO)/model \
	  --use_emb --use_imemory --use_ememory --size 128 --embedding_size 64 --emotion_size 32 \
	  --imemory_size 64 --batch_size 64 --optimizer adam --learning_rate 0.002 --epochs 20
	$(RUN) ecm_tf.evaluate --train_dir $(DEMO)/model --dataset $(DEMO)/dataset
	$(RUN) export.saved_model --train_dir $(DEMO)/model --output $(DEMO)/saved_model
	@echo
	@$(RUN) export.ask $(DEMO)/saved_model/1 妹妹昨天抱回来一只小猫。

check: setup ## check format, lint, types and import layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# A worker of pytest-xdist for each CPU, and one thread in each: more threads only wait for each other.
ONE_THREAD := TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 OMP_NUM_THREADS=1
test: check docs ## run every check and test, and build the documentation
	$(ONE_THREAD) $(RUN) pytest --numprocesses $(CPUS) --dist loadgroup

# The tests of folders that need neither training nor an export.
FAST_TESTS := tests/ecm_tf/config tests/ecm_tf/core tests/ecm_tf/data tests/ecm_tf/layers \
  tests/ecm_tf/report tests/ecm_tf/text tests/data_prep/build tests/data_prep/corpus \
  tests/data_prep/lexicon tests/data_prep/merge tests/packaging tests/test_start.py
test-fast: check ## run the checks and the quick tests, in under two minutes
	$(ONE_THREAD) $(RUN) pytest --numprocesses $(CPUS) --dist loadgroup -m "not slow" $(FAST_TESTS)

docs: setup ## build the documentation into build/site
	NO_MKDOCS_2_WARNING=1 $(RUN) mkdocs build --strict --quiet

web: ## build the page of export.web from web/, and test its text processing (needs Node.js)
	cd web && npm ci --no-audit --no-fund --loglevel error && npm run --silent check && \
	  npm test --silent && npm run --silent build

wheel: setup ## build the wheel into dist
	$(RUN) build --wheel

corpus: setup ## real data: merged sources, classifiers, labels, emotion words, dataset (DATA=directory)
	experiments/corpus.sh "$(DATA)" build/corpus

table4: setup ## the paper's Table 4 on that data: hours; resumes after an interruption
	experiments/table4.sh build/corpus build/table4 build/table4/results

bench: setup ## speed and memory against the matmul lower bound: tables, JSON and plots in build/bench
	for benchmark in training_step decoding growth training_memory start exported exported_memory data_preparation; do \
	  $(RUN) benchmarks.$$benchmark || exit; done

format: setup ## format the code and fix what ruff can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## remove .venv and everything built
	rm -rf build dist .venv
