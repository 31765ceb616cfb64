#!/usr/bin/env bash
# Real data: an unlabelled corpus and a lexicon become a labelled dataset, as the paper builds ESTC.
#
#   experiments/estc.sh DATA OUTPUT        (make estc DATA=…)
#
# DATA holds emotion_sentences/emotion_sentences.csv, lccc/lccc_base_{valid,test}.json and
# lexicon/dutir_seven_classes.json (docs/results.md names their sources). OUTPUT receives the
# classifiers, labelled.jsonl, ememory.json, the dataset and its report. The script skips steps whose
# output exists, so that it resumes an interrupted run. The environment variable CLASSIFIER_FLAGS
# adds flags to `classifier train`.
set -euo pipefail
data=$1 output=$2
python=${PYTHON:-.venv/bin/python}
sentences=$data/emotion_sentences/emotion_sentences.csv
corpus=("$data/lccc/lccc_base_valid.json" "$data/lccc/lccc_base_test.json")
mkdir -p "$output"

. "$(dirname "$0")/step.sh"

step "$output/naive_bayes" classifier train --network naive_bayes \
  --sentences "$sentences" --output "$output/naive_bayes" ${CLASSIFIER_FLAGS:-}
step "$output/bilstm" classifier train --network bilstm \
  --sentences "$sentences" --output "$output/bilstm" ${CLASSIFIER_FLAGS:-}
step "$output/classifier" classifier train \
  --sentences "$sentences" --output "$output/classifier" ${CLASSIFIER_FLAGS:-}
step "$output/scores/scores.json" classifier evaluate --sentences "$sentences" \
  --classifier "$output"/{naive_bayes,bilstm,classifier} --output "$output/scores"

step "$output/labelled.jsonl" label --classifier "$output/classifier" \
  --input "${corpus[@]}" --output "$output/labelled.jsonl"

# The first dataset provides the vocabulary from which the emotion words are chosen.
size=(--post_vocabulary_size 15000 --response_vocabulary_size 15000)
step "$output/plain" build --train "$output/labelled.jsonl" "${size[@]}" --output "$output/plain"
step "$output/ememory.json" lexicon --dataset "$output/plain" \
  --dutir "$data/lexicon/dutir_seven_classes.json" --learn 50 \
  --output "$output/ememory.json" --table "$output/ememory.tsv"
step "$output/dataset" build --train "$output/labelled.jsonl" "${size[@]}" \
  --ememory "$output/ememory.json" --output "$output/dataset"
step "$output/dataset-report" report "$output/dataset" --output "$output/dataset-report"
echo "report: $output/dataset-report/index.html"
