#!/usr/bin/env bash
# The paper's Table 4 on real data: six variants with the same sizes, epochs and corpus, four of them
# with three seeds.
#
#   experiments/table4.sh CORPUS OUTPUT RESULTS [RUN…]        (make table4)
#
# CORPUS is the output of experiments/corpus.sh. A RUN is a variant and a seed, such as ecm-0; by
# default all are run. OUTPUT receives the model directory OUTPUT/RUN and its evaluations, and RESULTS
# the metrics, RUN.json. The script skips runs whose metrics exist, and resumes an interrupted one.
# `python -m experiments.metrics table RESULTS` prints the table. The environment variables TRAIN_FLAGS
# and EVALUATE_FLAGS add flags to `ecm_tf.train` and `ecm_tf.evaluate`; SEARCHES names another TOML
# file of searches.
set -euo pipefail
corpus=$1 output=$2 results=$3
shift 3
dataset=$corpus/dataset
python=${PYTHON:-.venv/bin/python}
. "$(dirname "$0")/measured_run.sh"

declare -A modules=(
  [seq2seq]=""
  [emb]="--use_emb"
  [ecm]="--use_emb --use_imemory --use_ememory"
  [wo_emb]="--use_imemory --use_ememory"
  [wo_imem]="--use_emb --use_ememory"
  [wo_emem]="--use_emb --use_imemory"
)
runs=("$@")
# Each seed is complete before the next begins.
[ $# -gt 0 ] || runs=(
  ecm-0 seq2seq-0 wo_emb-0 wo_imem-0 wo_emem-0 emb-0
  ecm-1 seq2seq-1 wo_emb-1 wo_imem-1
  ecm-2 seq2seq-2 wo_emb-2 wo_imem-2
)
for run in "${runs[@]}"; do
  measured_run "$run" ${modules[${run%-*}]}
done
"$python" -m experiments.metrics table "$results"
