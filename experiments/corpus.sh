#!/usr/bin/env bash
# Real data from several sources: one deduplicated corpus, labelled, becomes a dataset.
#
#   experiments/corpus.sh DATA OUTPUT        (make corpus DATA=…)
#
# DATA holds the files of experiments/corpus.toml, emotion_sentences/emotion_sentences.csv and
# lexicon/dutir_seven_classes.json (docs/data.md names their sources). OUTPUT receives the merged
# corpus and its report (merged/), the classifier, the labelled splits (labelled/), ememory.json, the
# dataset with all test parts and its report, and for each test part a dataset with that part only
# (dataset-test-NAME). The script skips steps whose output exists, so that it resumes an interrupted
# run. The environment variable SOURCES names another list of sources, CLASSIFIER a classifier
# directory to label with; MERGE_FLAGS, CLASSIFIER_FLAGS and BUILD_FLAGS add flags to `merge`,
# `classifier train` and `build`.
set -euo pipefail
data=$1 output=$2
python=${PYTHON:-.venv/bin/python}
merged=$output/merged labelled=$output/labelled
classifier=${CLASSIFIER:-$output/classifier}
mkdir -p "$output" "$labelled"

step() { # the step's output, then the arguments of data_prep
  local made=$1
  shift
  [ -e "$made" ] && return
  printf '\n== data_prep %s\n' "${*:1:2}"
  "$python" -m experiments.measured "$python" -m data_prep "$@"
}

step "$merged" merge "${SOURCES:-experiments/corpus.toml}" --data "$data" --output "$merged" \
  ${MERGE_FLAGS:-}
step "$classifier" classifier train --output "$classifier" \
  --sentences "$data/emotion_sentences/emotion_sentences.csv" ${CLASSIFIER_FLAGS:-}
tests=()
for part in "$merged"/{train,dev,test-*}.jsonl; do
  name=$(basename "$part")
  step "$labelled/$name" label --classifier "$classifier" --input "$part" --output "$labelled/$name"
  [[ $name == test-* ]] && tests+=("$labelled/$name")
done

build() { # the dataset directory, its test corpus, then more flags
  local dataset=$1 parts=()
  shift
  while [ $# -gt 0 ] && [[ $1 != --* ]]; do
    parts+=("$1")
    shift
  done
  step "$dataset" build --train "$labelled/train.jsonl" --dev "$labelled/dev.jsonl" \
    --test "${parts[@]}" --post_vocabulary_size 15000 --response_vocabulary_size 15000 \
    --output "$dataset" "$@" ${BUILD_FLAGS:-}
}
# The first dataset provides the vocabulary from which the emotion words are chosen.
build "$output/plain" "${tests[@]}"
step "$output/ememory.json" lexicon --dataset "$output/plain" \
  --dutir "$data/lexicon/dutir_seven_classes.json" --learn 50 \
  --output "$output/ememory.json" --table "$output/ememory.tsv"
build "$output/dataset" "${tests[@]}" --ememory "$output/ememory.json"
# The tokenizer and the vocabularies come from the training pairs, so these datasets have the same.
for part in "${tests[@]}"; do
  build "$output/dataset-$(basename "$part" .jsonl)" "$part" --ememory "$output/ememory.json"
done
step "$output/dataset-report" report "$output/dataset" --output "$output/dataset-report"
echo "report: $output/dataset-report/index.html"
