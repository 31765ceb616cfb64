#!/usr/bin/env bash
# Real data from several sources: one deduplicated corpus, labelled, becomes a dataset.
#
#   experiments/corpus.sh DATA OUTPUT        (make corpus DATA=…)
#
# DATA holds the files that experiments/conversations/zh.toml (or en.toml) and
# experiments/emotion_sources/zh/*.toml (or en) name, and for Chinese lexicon/dutir_seven_classes.json
# (docs/data.md says where to get them). OUTPUT receives the merged corpus and its report (merged/), word
# vectors, the classifier that labels the corpus, two more that judge replies (naive_bayes, and
# independent, which is trained on a source that the labelling classifier was not trained on), their
# scores, the labelled splits (labelled/), ememory.json, the dataset with all test parts and its report,
# and for each test part a dataset with that part only (dataset-test-NAME). The script skips steps whose
# output exists, so that it resumes an interrupted run.
#
# Environment variables: CORPUS_LANGUAGE is zh (the default) or en; SOURCES names another list of
# conversations, in which at least one source has a dev part and one a test part; LABELLER_SOURCES and
# JUDGE_SOURCES name other sentences for the two kinds of classifiers (files or TOML files, without
# spaces in their names); MERGE_FLAGS and CLASSIFIER_FLAGS add flags to `merge` and `classifier train`.
set -euo pipefail
data=$1 output=$2
python=${PYTHON:-.venv/bin/python}
here=$(dirname "$0")
language=${CORPUS_LANGUAGE:-zh}
emotion_sources=$here/emotion_sources/$language
merged=$output/merged labelled=$output/labelled
case $language in
  zh)
    segmenter=jieba
    labellers=("$emotion_sources"/{emotion_sentences,smp2020}.toml) # with stated terms
    judges=("$emotion_sources/hashtag_nlpcc.toml")
    lexicon=(--dutir "$data/lexicon/dutir_seven_classes.json")
    ;;
  en)
    segmenter=english
    labellers=("$emotion_sources/goemotions.toml")
    judges=("$emotion_sources"/{dailydialog,goemotions_dev}.toml)
    lexicon=()
    ;;
  *)
    echo "error: CORPUS_LANGUAGE: expected zh or en, got $language." >&2
    exit 2
    ;;
esac
[ -z "${LABELLER_SOURCES:-}" ] || labellers=($LABELLER_SOURCES)
[ -z "${JUDGE_SOURCES:-}" ] || judges=($JUDGE_SOURCES)
mkdir -p "$output" "$labelled"

. "$here/step.sh"

sources=${SOURCES:-$here/conversations/$language.toml}
step "$merged" merge "$sources" --data "$data" --output "$merged" --skip_bad_records ${MERGE_FLAGS:-}
for part in dev test; do
  compgen -G "$merged/$part-*.jsonl" > /dev/null && continue
  rm -r "$merged" # the corrected list is merged again
  echo "error: $sources: expected a source with a $part part, got none." >&2
  exit 2
done

step "$output/vectors" classifier vectors --corpus "$merged/train.jsonl" --output "$output/vectors" \
  --segmenter "$segmenter"
# Small enough to ship with a model.
settings=(--segmenter "$segmenter" --balance 0.5 --batch_size 256 --learning_rate 0.002
  --weights int8 --max_bigrams 30000 --max_words 20000)
labelling=(--data "$data" --sentences "${labellers[@]}")
step "$output/classifier" classifier train "${labelling[@]}" --output "$output/classifier" \
  --vectors "$output/vectors" "${settings[@]}" ${CLASSIFIER_FLAGS:-}
step "$output/naive_bayes" classifier train "${labelling[@]}" --output "$output/naive_bayes" \
  --network naive_bayes --segmenter "$segmenter"
step "$output/independent" classifier train --data "$data" --sentences "${judges[@]}" --output "$output/independent" \
  "${settings[@]}" ${CLASSIFIER_FLAGS:-}
for source in "${judges[@]}"; do
  scores=$output/classifier-scores/$(basename "$source" .toml)
  step "$scores/scores.json" classifier evaluate --data "$data" --sentences "$source" \
    --classifier "$output"/{classifier,naive_bayes,independent} --output "$scores"
done
tests=()
for part in "$merged"/{train,dev,test-*}.jsonl; do
  name=$(basename "$part")
  step "$labelled/$name" label --classifier "$output/classifier" --input "$part" --output "$labelled/$name"
  if [[ $name == test-* ]]; then tests+=("$labelled/$name"); fi
done

# The first dataset provides the vocabulary from which the emotion words are chosen.
build=(build --segmenter "$segmenter" --post_vocabulary_size 15000 --response_vocabulary_size 15000
  --train "$labelled/train.jsonl" --dev "$labelled/dev.jsonl")
step "$output/plain" "${build[@]}" --test "${tests[@]}" --output "$output/plain"
step "$output/ememory.json" lexicon --dataset "$output/plain" "${lexicon[@]}" --learn 50 \
  --output "$output/ememory.json" --table "$output/ememory.tsv"
build+=(--ememory "$output/ememory.json")
step "$output/dataset" "${build[@]}" --test "${tests[@]}" --output "$output/dataset"
for part in "${tests[@]}"; do
  dataset=$output/dataset-$(basename "$part" .jsonl)
  step "$dataset" build --assets "$output/dataset" --train "$labelled/train.jsonl" \
    --dev "$labelled/dev.jsonl" --test "$part" --output "$dataset"
done
step "$output/dataset-report" report "$output/dataset" --output "$output/dataset-report"
echo "report: $output/dataset-report/index.html"
