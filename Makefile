# make setup   a virtual environment with all that demo and tests need
# make demo    a corpus prepared, a model trained, exported and asked, in a few minutes
# make test    lint, types, import floors and tests
# make estc    real data: classifier, labels, lexicon, dataset, report (DATA=directory)
# make table4  the paper's table on that data: hours; goes on where it stopped
# make bench   speed and memory against bare products: tables, JSON and plots in build/bench
# make format  what ruff can mend by itself

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
RUN := $(BIN)/python -m
DEMO := build/demo
DATA ?= data

.PHONY: setup demo test estc table4 bench format clean
.DELETE_ON_ERROR:

setup: .venv/installed

.venv/installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	  { echo "error: expected Python 3.11, got $$($(PYTHON) --version); set PYTHON=/path/to/python3.11" >&2; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --disable-pip-version-check --quiet --progress-bar=off -r requirements.txt
	$(BIN)/pip install --disable-pip-version-check --quiet --progress-bar=off -e '.[dev]'
	touch $@

demo: setup
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

estc: setup
	experiments/estc.sh $(DATA) build/estc

table4: setup
	experiments/table4.sh build/estc build/table4

bench: setup
	for benchmark in training_step decoding growth training_memory start exported data_preparation; do \
	  $(RUN) benchmarks.$$benchmark || exit; done

test: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf build .venv
