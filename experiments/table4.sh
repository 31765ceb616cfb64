#!/usr/bin/env bash
# The paper's Table 4 on real data: six variants with the same sizes, budget and seed, and the ECM
# pretrained as a Seq2Seq.
#
#   experiments/table4.sh ESTC OUTPUT        (make table4)
#
# ESTC is what experiments/estc.sh made (dataset, classifier, naive_bayes). OUTPUT gets a model
# directory for each variant and the evaluation. Run again, it goes on where it stopped.
set -euo pipefail
estc=$1 output=$2
python=${PYTHON:-.venv/bin/python}
mkdir -p "$output"

train() { # name, then flags
  local name=$1
  shift
  printf '\n== %s\n' "$name"
  "$python" experiments/measured.py "$python" -m ecm_tf.train \
    --dataset "$estc/dataset" --train_dir "$output/$name" "$@" \
    --size 128 --embedding_size 100 --emotion_size 100 --imemory_size 128 \
    --batch_size 64 --optimizer adam --learning_rate 0.001 --epochs 12 --early_stopping 2 --seed 0
}
train seq2seq
train ecm --use_emb --use_imemory --use_ememory
train emb --use_emb
train wo_emb --use_imemory --use_ememory
train wo_imem --use_emb --use_ememory
train wo_emem --use_emb --use_imemory
train ecm_pretrained --use_emb --use_imemory --use_ememory --pretrain_dir "$output/seq2seq"

models=(seq2seq emb ecm wo_emb wo_imem wo_emem ecm_pretrained)
"$python" experiments/measured.py "$python" -m ecm_tf.evaluate --dataset "$estc/dataset" \
  --train_dir "${models[@]/#/$output/}" --judge "$estc/classifier" "$estc/naive_bayes" \
  --output "$output/evaluation"
