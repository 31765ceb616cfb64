#!/usr/bin/env bash
# The paper's Table 4 on real data: six variants with the same sizes, epochs and seed, and the ECM
# initialised from the Seq2Seq; then search methods that the paper does not have, on the ECM.
#
#   experiments/table4.sh ESTC OUTPUT        (make table4)
#
# ESTC is the output of experiments/estc.sh (dataset, classifier, naive_bayes, bilstm). OUTPUT receives
# a model directory for each variant, and the evaluations paper/, baseline/ and beyond/. The script
# resumes an interrupted run. The environment variables TRAIN_FLAGS and EVALUATE_FLAGS add flags to
# `ecm_tf.train` and `ecm_tf.evaluate`.
set -euo pipefail
estc=$1 output=$2
python=${PYTHON:-.venv/bin/python}
mkdir -p "$output"

train() { # name of the model directory, then the flags of its modules
  local name=$1
  shift
  printf '\n== %s\n' "$name"
  "$python" -m experiments.measured "$python" -m ecm_tf.train \
    --dataset "$estc/dataset" --train_dir "$output/$name" "$@" \
    --size 128 --embedding_size 100 --emotion_size 100 --imemory_size 128 \
    --batch_size 64 --optimizer adam --learning_rate 0.001 --epochs 12 --early_stopping 2 --seed 0 \
    ${TRAIN_FLAGS:-}
}
train seq2seq
train ecm --use_emb --use_imemory --use_ememory
train emb --use_emb
train wo_emb --use_imemory --use_ememory
train wo_imem --use_emb --use_ememory
train wo_emem --use_emb --use_imemory
train ecm_pretrained --use_emb --use_imemory --use_ememory --pretrain_dir "$output/seq2seq"

# The paper's table: greedy search, and beam search as the paper uses it.
cat > "$output/paper.toml" << TOML
[greedy]

["beam 20"]
decoder = "beam"
TOML

# Search methods beyond the paper, on the same model. The classifier that reranks is not the one that
# labelled the corpus and judges the replies.
beam='decoder = "beam"'
sample='decoder = "sample"
candidates = 16
temperature = 0.7
top_k = 40
seed = 0
length_penalty = 1.0'
rerank="rerank = \"$estc/bilstm\""
cat > "$output/beyond.toml" << TOML
["beam, length"]
$beam
length_penalty = 0.5
["beam, no repeats"]
$beam
no_repeat = 2
["beam, diverse"]
$beam
beam_groups = 5
["beam, MMI"]
$beam
mmi_weight = 0.3
["beam, reranked"]
$beam
$rerank
["one sample"]
decoder = "sample"
temperature = 0.7
top_k = 40
seed = 0
["samples"]
$sample
["samples, reranked"]
$sample
$rerank
["samples, reranked, MMI"]
$sample
$rerank
mmi_weight = 0.3
["samples, reranked, MMI, no repeats"]
$sample
$rerank
mmi_weight = 0.3
no_repeat = 2
TOML

evaluate() { # name of the searches and of the output, number of posts, then model directories
  local name=$1 posts=$2
  shift 2
  [ -f "$output/$name/index.html" ] && return
  printf '\n== %s\n' "$name"
  "$python" -m experiments.measured "$python" -m ecm_tf.evaluate --dataset "$estc/dataset" \
    --train_dir "$@" --judge "$estc/classifier" "$estc/naive_bayes" --posts "$posts" \
    --searches "$output/$name.toml" --output "$output/$name" ${EVALUATE_FLAGS:-}
}
models=(seq2seq emb ecm wo_emb wo_imem wo_emem ecm_pretrained)
evaluate paper 300 "${models[@]/#/$output/}"
# Compared with `beyond`, so it uses as many posts: distinct-1/2 depend on the number of replies.
cp "$output/paper.toml" "$output/baseline.toml"
evaluate baseline 200 "$output/seq2seq" "$output/ecm"
evaluate beyond 200 "$output/ecm"
