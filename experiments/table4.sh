#!/usr/bin/env bash
# The paper's Table 4 on real data: six variants with the same sizes, epochs and corpus, several of
# them with three seeds.
#
#   experiments/table4.sh CORPUS OUTPUT RESULTS [RUN…]        (make table4)
#
# CORPUS is the output of experiments/corpus.sh. A RUN is a variant and a seed, such as ecm-0; by
# default all are run. OUTPUT receives the model directory OUTPUT/RUN and its evaluations, and RESULTS
# the figures, RUN.json. The script skips runs whose figures exist, and resumes an interrupted one.
# Several processes may share the runs. `python -m experiments.table4 table RESULTS` prints the table.
# The environment variables TRAIN_FLAGS and EVALUATE_FLAGS add flags to `ecm_tf.train` and
# `ecm_tf.evaluate`.
set -euo pipefail
corpus=$1 output=$2 results=$3
shift 3
python=${PYTHON:-.venv/bin/python}
mkdir -p "$output" "$results"

declare -A modules=(
  [seq2seq]=""
  [emb]="--use_emb"
  [ecm]="--use_emb --use_imemory --use_ememory"
  [wo_emb]="--use_imemory --use_ememory"
  [wo_imem]="--use_emb --use_ememory"
  [wo_emem]="--use_emb --use_imemory"
)
# Each seed is complete before the next begins.
runs=("$@")
[ $# -gt 0 ] || runs=(
  ecm-0 seq2seq-0 wo_emb-0 wo_imem-0 wo_emem-0 emb-0
  ecm-1 seq2seq-1 wo_emb-1 wo_imem-1
  ecm-2 seq2seq-2 wo_emb-2 wo_imem-2
)
# Greedy search, and beam search as the paper uses it.
cat > "$output/searches.toml" << TOML
[greedy]

["beam 20"]
decoder = "beam"
TOML

evaluate() { # name of the run, of the test part, then further flags
  local run=$1 part=$2
  shift 2
  [ -f "$output/$run-$part/figures.json" ] && return
  "$python" -m experiments.measured "$python" -m ecm_tf.evaluate --train_dir "$output/$run" \
    --dataset "$corpus/dataset-test-$part" --output "$output/$run-$part" "$@" ${EVALUATE_FLAGS:-}
}

for run in "${runs[@]}"; do
  [ -f "$results/$run.json" ] && continue
  variant=${run%-*}
  printf '\n== %s\n' "$run"
  # A finished run trains no further, and a run that another process trains is left to it.
  "$python" -m experiments.measured "$python" -m ecm_tf.train \
    --dataset "$corpus/dataset" --train_dir "$output/$run" ${modules[$variant]} \
    --size 128 --embedding_size 100 --emotion_size 100 --imemory_size 128 \
    --batch_size 64 --optimizer adam --learning_rate 0.001 --epochs 4 --seed "${run##*-}" \
    ${TRAIN_FLAGS:-}
  parts=()
  for dataset in "$corpus"/dataset-test-*; do
    part=${dataset#"$corpus"/dataset-test-}
    # Replies are judged on the posts of the first part.
    judged=()
    [ ${#parts[@]} -gt 0 ] || judged=(
      --judge "$corpus/classifier" "$corpus/naive_bayes" "$corpus/independent"
      --posts 300 --searches "$output/searches.toml"
    )
    evaluate "$run" "$part" "${judged[@]}"
    parts+=("$output/$run-$part")
  done
  "$python" -m experiments.table4 record "$output/$run" "$results/$run.json" "${parts[@]}"
done
"$python" -m experiments.table4 table "$results"
