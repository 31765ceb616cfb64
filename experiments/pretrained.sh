#!/usr/bin/env bash
# The models that ship with the package, made again from the data.
#
#   experiments/pretrained.sh DATA OUTPUT LANGUAGE       (LANGUAGE: zh or en)
#
# OUTPUT receives what experiments/corpus.sh writes; the training run (run/); the average of its models
# after two numbers of epochs (model/); its evaluation on each test part (evaluation-NAME/); and the model
# to ship (released/), with its classifier, its blocked words and its model card, which ends with the
# table of the evaluations. Copy it to ecm_tf/pretrained/LANGUAGE. The script resumes an interrupted run.
# The environment variables are the others of experiments/corpus.sh and experiments/table4.sh.
set -euo pipefail
data=$1 output=$2 language=$3
python=${PYTHON:-.venv/bin/python}
here=$(dirname "$0")
shipped=$here/pretrained
. "$here/recipe.sh"

epochs=(4)
[ "$language" = en ] || epochs=(5 7)
CORPUS_LANGUAGE=$language "$here/corpus.sh" "$data" "$output"

# The best models after so many epochs; Chinese begins to overfit between them.
for count in "${epochs[@]}"; do
  [ -f "$output/epoch-$count/manifest.json" ] && continue
  "$python" -m experiments.measured "$python" -m ecm_tf.train \
    --dataset "$output/dataset" --train_dir "$output/run" \
    --use_emb --use_imemory --use_ememory --predict_emotion "${sizes[@]}" "${optimizer[@]}" \
    --dropout 0.1 --ema_momentum 0.999 --epochs "$count" --seed 0 ${TRAIN_FLAGS:-}
  "$python" -m experiments.average "$output/run" --output "$output/epoch-$count"
done
[ -f "$output/model/manifest.json" ] || \
  "$python" -m experiments.average "${epochs[@]/#/$output/epoch-}" --output "$output/model"

# Chosen on dev posts: longer replies, of which classifiers recognize the emotion more often.
search=(--rerank "$output/classifier" --block_words "$shipped/block_words_$language.txt"
  --min_length 4 --temperature 0.9 --mmi_weight 0.5 --emotion_weight 3)
release() { # the text of the card
  "$python" -m export.release --train_dir "$output/model" --output "$output/released" --overwrite \
    "${search[@]}" --card "$1"
}
[ -f "$output/released/manifest.json" ] || release "$shipped/$language.md"
tables=()
for dataset in "$output"/dataset-test-*; do
  part=${dataset#"$output"/dataset-test-}
  tables+=("$output/evaluation-$part/table.md")
  [ -f "$output/evaluation-$part/metrics.json" ] && continue
  # The search of the released model, with judges that took no part in the choice of its replies.
  "$python" -m experiments.measured "$python" -m ecm_tf.evaluate --train_dir "$output/released" \
    --dataset "$dataset" --output "$output/evaluation-$part" --posts 200 \
    --judge "$output/independent" "$output/naive_bayes" "${search[@]}" ${EVALUATE_FLAGS:-}
done
{
  cat "$shipped/$language.md"
  for table in "${tables[@]}"; do
    printf '\n### Test part %s\n\n' "$(basename "$(dirname "$table")" | cut -d- -f2-)"
    cat "$table"
  done
} > "$output/card.md"
release "$output/card.md"
