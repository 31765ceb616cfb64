#!/usr/bin/env bash
# Search methods that the paper does not have, on one model.
#
#   experiments/searches.sh CORPUS MODEL OUTPUT
#
# CORPUS is the output of experiments/corpus.sh, MODEL a model directory of experiments/table4.sh. The
# posts are those of the first test part, as there. The classifier that labelled the corpus reranks the
# replies; the judges are the one of other sentences, and naive Bayes. The environment variable
# EVALUATE_FLAGS adds flags to `ecm_tf.evaluate`.
set -euo pipefail
corpus=$1 model=$2 output=$3
python=${PYTHON:-.venv/bin/python}
tests=("$corpus"/dataset-test-*)
mkdir -p "$output"

beam='decoder = "beam"'
sample='decoder = "sample"
candidates = 16
temperature = 0.7
top_k = 40
seed = 0
length_penalty = 1.0'
rerank="rerank = \"$corpus/classifier\""
cat > "$output/searches.toml" << TOML
[greedy]
["beam 20"]
$beam
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

"$python" -m experiments.measured "$python" -m ecm_tf.evaluate --dataset "${tests[0]}" \
  --train_dir "$model" --judge "$corpus/independent" "$corpus/naive_bayes" --posts 200 \
  --searches "$output/searches.toml" --output "$output/evaluation" ${EVALUATE_FLAGS:-}
