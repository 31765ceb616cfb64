#!/usr/bin/env bash
# What makes replies relevant? One change at a time to the ECM of experiments/table4.sh.
#
#   experiments/relevance.sh DATA CORPUS OUTPUT RESULTS [RUN…]
#
# DATA and CORPUS are the directories of experiments/corpus.sh. A RUN is a change and a seed, such as
# tied-0; by default all are run, and first the model ecm-0 that they change. OUTPUT receives the models
# and their evaluations, and RESULTS the metrics, as from experiments/table4.sh, whose ecm-0.json can be
# copied to RESULTS; they are not directories of that script. This one resumes in the same way. All
# models have the tokenizer and the vocabularies of CORPUS, so that their perplexities compare. The
# environment variables are those of experiments/table4.sh, and SOURCES and MERGE_FLAGS of
# experiments/corpus.sh.
set -euo pipefail
data=$1 corpus=$2 output=$3 results=$4
shift 4
python=${PYTHON:-.venv/bin/python}
here=$(dirname "$0")
. "$here/measured_run.sh"
. "$here/step.sh"
ecm=(--use_emb --use_imemory --use_ememory)

# Makes DIRECTORY/dataset of the training pairs of DIRECTORY/sources.toml and the dev pairs of CORPUS.
dataset_of() { # DIRECTORY
  step "$1/merged" merge "$1/sources.toml" --data "$data" --output "$1/merged" \
    --skip_bad_records ${MERGE_FLAGS:-}
  step "$1/train.jsonl" label --classifier "$corpus/classifier" \
    --input "$1/merged/train.jsonl" --output "$1/train.jsonl"
  step "$1/dataset" build --assets "$corpus/dataset" --train "$1/train.jsonl" \
    --dev "$corpus/labelled/dev.jsonl" --test_fraction 0 --output "$1/dataset"
}

# A Seq2Seq of subtitles, of which about half of the lines reply to the line before.
pretrain() {
  local made=$output/subtitles part
  mkdir -p "$made"
  # The merge drops training pairs whose post is in dev or test.
  {
    cat "$here/subtitles.toml"
    printf '\n[sources.held_out]\ndev = ["%s"]\ntest = [' "$(realpath "$corpus/merged/dev.jsonl")"
    for part in "$corpus"/merged/test-*.jsonl; do printf '"%s", ' "$(realpath "$part")"; done
    printf ']\n'
  } > "$made/sources.toml"
  dataset_of "$made"
  "$python" -m experiments.measured "$python" -m ecm_tf.train --dataset "$made/dataset" \
    --train_dir "$made/model" "${sizes[@]}" "${optimizer[@]}" --epochs 2 --seed 0 ${TRAIN_FLAGS:-}
}

# The corpus with each training pair of LCCC twice, which makes it a quarter larger: three epochs have
# about as many steps as four of CORPUS.
weight() {
  local made=$output/weighted sources=${SOURCES:-$here/conversations/zh.toml}
  if ! grep -q '^\[sources\.lccc\]' "$sources"; then
    printf '%s: expected a source lccc, whose pairs count twice; got none.\n' "$sources" >&2
    exit 2
  fi
  mkdir -p "$made"
  awk '{ print } /^\[sources\.lccc\]/ { print "weight = 2" }' "$sources" > "$made/sources.toml"
  dataset_of "$made"
}

declare -A changes=(
  [ecm]=""
  [pretrained]=""
  [size256]="--size 256 --imemory_size 256"
  [tied]="--tie_embeddings"
  [dropout]="--dropout 0.2"
  [smoothing]="--label_smoothing 0.1"
  [bidirectional]="--bidirectional_encoder"
  [unaveraged]="--ema_momentum 0"
  [weighted]="--epochs 3"
  [recipe]="--tie_embeddings --bidirectional_encoder" # the changes that won
)
runs=("$@")
[ $# -gt 0 ] || runs=(
  ecm-0 tied-0 dropout-0 smoothing-0 bidirectional-0 unaveraged-0 size256-0 pretrained-0 weighted-0
  recipe-0
)
for run in "${runs[@]}"; do
  [ -f "$results/$run.json" ] && continue
  dataset=$corpus/dataset flags=("${ecm[@]}" ${changes[${run%-*}]})
  case $run in
    pretrained-*)
      pretrain
      flags+=(--pretrain_dir "$output/subtitles/model")
      ;;
    weighted-*)
      weight
      dataset=$output/weighted/dataset
      ;;
  esac
  measured_run "$run" "${flags[@]}"
done
"$python" -m experiments.metrics table "$results"
