#!/usr/bin/env bash
# Real data, small: the whole pipeline on the STC pairs and the original's sample, both segmented.
#
#   experiments/estc_sample.sh DATA OUTPUT
#
# DATA holds estc_sample/{stc_1000_pairs,ecm_sample}.json and lexicon/dutir_seven_classes.json
# (docs/results.md names their sources). OUTPUT receives the dataset without (plain) and with emotion
# words, a model directory for each of the paper's six variants, and a SavedModel of the ECM. The
# script resumes an interrupted run. The environment variable TRAIN_FLAGS adds flags to
# `ecm_tf.train`.
set -euo pipefail
data=$1 output=$2
python=${PYTHON:-.venv/bin/python}
mkdir -p "$output"

build() { # dataset directory, then more flags
  local dataset=$1
  shift
  [ -e "$dataset" ] || "$python" -m data_prep build --segmenter whitespace --output "$dataset" \
    --post_vocabulary_size 2000 --response_vocabulary_size 2000 \
    --train "$data/estc_sample/stc_1000_pairs.json" "$data/estc_sample/ecm_sample.json" "$@"
}
# The first dataset provides the vocabulary from which the emotion words are chosen.
build "$output/plain"
[ -e "$output/ememory.json" ] || "$python" -m data_prep lexicon --dataset "$output/plain" \
  --dutir "$data/lexicon/dutir_seven_classes.json" --output "$output/ememory.json"
build "$output/dataset" --ememory "$output/ememory.json"

train() { # name of the model directory, then the flags of its modules
  local name=$1
  shift
  "$python" -m ecm_tf.train --dataset "$output/dataset" --train_dir "$output/$name" "$@" \
    --size 64 --embedding_size 50 --emotion_size 16 --imemory_size 64 --batch_size 32 \
    --optimizer adam --learning_rate 0.002 --epochs 30 --early_stopping 8 ${TRAIN_FLAGS:-}
}
train seq2seq
train emb --use_emb
train ecm --use_emb --use_imemory --use_ememory
train wo_emb --use_imemory --use_ememory
train wo_imem --use_emb --use_ememory
train wo_emem --use_emb --use_imemory

for split in dev test; do
  "$python" -m ecm_tf.evaluate --dataset "$output/dataset" --split "$split" \
    --train_dir "$output"/{seq2seq,emb,ecm,wo_emb,wo_imem,wo_emem}
done
printf '%s\n' '今天 天气 真 好 啊 ！' '会抽烟的男生都看看！' |
  "$python" -m ecm_tf.chat --train_dir "$output/ecm" --decoder sample --top_p 0.8 --temperature 0.7 --seed 1
[ -e "$output/saved_model/1" ] ||
  "$python" -m export.saved_model --train_dir "$output/ecm" --output "$output/saved_model"
"$python" -m export.ask "$output/saved_model/1" '今天 天气 真 好 啊 ！'
