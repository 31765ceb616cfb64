#!/usr/bin/env bash
# What makes replies relevant? One change at a time to the ECM of experiments/table4.sh.
#
#   experiments/relevance.sh DATA CORPUS OUTPUT RESULTS [RUN…]
#
# DATA and CORPUS are those of experiments/corpus.sh. A RUN is a change and a seed, such as tied-0; by
# default all are run. OUTPUT and RESULTS are those of experiments/table4.sh, as are the environment
# variables, and those of experiments/corpus.sh; the script resumes in the same way. It begins with the
# model ecm-0 as the basis.
set -euo pipefail
data=$1 corpus=$2 output=$3 results=$4
shift 4
python=${PYTHON:-.venv/bin/python}
here=$(dirname "$0")
. "$here/measured_run.sh"
. "$here/step.sh"
ecm=(--use_emb --use_imemory --use_ememory)

# A model of subtitles, of which about half are replies to the line before. Fine-tuning takes the
# vectors of the words that both vocabularies contain.
pretrain() {
  local made=$output/subtitles
  mkdir -p "$made"
  step "$made/merged" merge "$here/subtitles.toml" --data "$data" --output "$made/merged" \
    --skip_bad_records ${MERGE_FLAGS:-}
  for split in train dev; do
    step "$made/$split.jsonl" label --classifier "$corpus/classifier" \
      --input "$made/merged/$split.jsonl" --output "$made/$split.jsonl"
  done
  step "$made/dataset" build --post_vocabulary_size 15000 --response_vocabulary_size 15000 \
    --train "$made/train.jsonl" --dev "$made/dev.jsonl" --ememory "$corpus/ememory.json" \
    --output "$made/dataset"
  "$python" -m experiments.measured "$python" -m ecm_tf.train --dataset "$made/dataset" \
    --train_dir "$made/model" "${sizes[@]}" "${ecm[@]}" --batch_size 128 --optimizer adam \
    --learning_rate 0.0015 --epochs 2 --seed 0 ${TRAIN_FLAGS:-}
}

# A corpus in which each training pair of LCCC appears twice. The classifiers are those of CORPUS; the
# word counts change, and with them the vocabularies and the tokenizer.
weight() {
  local made=$output/weighted directory
  mkdir -p "$made"
  for directory in vectors classifier naive_bayes independent classifier-scores; do
    ln -sfn "$(realpath "$corpus/$directory")" "$made/$directory"
  done
  sed '/^\[sources.lccc\]/a weight = 2' "${SOURCES:-$here/conversations/zh.toml}" > "$made/sources.toml"
  SOURCES=$made/sources.toml "$here/corpus.sh" "$data" "$made"
}

declare -A changes=(
  [ecm]=""
  [pretrained]="--pretrain_dir $output/subtitles/model"
  [size256]="--size 256 --imemory_size 256"
  [tied]="--tie_embeddings"
  [dropout]="--dropout 0.2"
  [smoothing]="--label_smoothing 0.1"
  [bidirectional]="--bidirectional_encoder"
  [unaveraged]="--ema_momentum 0"
  [weighted]=""
)
runs=("$@")
[ $# -gt 0 ] || runs=(
  ecm-0 tied-0 dropout-0 smoothing-0 bidirectional-0 unaveraged-0 size256-0 pretrained-0 weighted-0
)
for run in "${runs[@]}"; do
  [ -f "$results/$run.json" ] && continue
  trained_on=$corpus
  case $run in
    pretrained-*) pretrain ;;
    weighted-*)
      weight
      trained_on=$output/weighted
      ;;
  esac
  corpus=$trained_on measured_run "$run" "${ecm[@]}" ${changes[${run%-*}]}
done
"$python" -m experiments.figures table "$results"
