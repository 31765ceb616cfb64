#!/usr/bin/env bash
# An English emotion classifier: trained on GoEmotions' training part, judged on its dev part.
#
#   experiments/english_classifier.sh DATA OUTPUT
#
# DATA holds emotion_extra/goemotions_train.tsv.gz and goemotions_dev.tsv.gz: GoEmotions (Demszky et al.
# 2020) with its 27 emotions mapped to six. OUTPUT receives the classifier and its scores. The script
# skips steps whose output exists. The environment variable CLASSIFIER_FLAGS adds flags to `classifier
# train`.
set -euo pipefail
data=$1 output=$2
python=${PYTHON:-.venv/bin/python}
. "$(dirname "$0")/step.sh"
mkdir -p "$output"

step "$output/classifier" classifier train --segmenter english \
  --sentences "$data/emotion_extra/goemotions_train.tsv.gz" --output "$output/classifier" \
  --balance 0.5 --batch_size 256 --learning_rate 0.002 ${CLASSIFIER_FLAGS:-}
step "$output/scores/scores.json" classifier evaluate --classifier "$output/classifier" --split all \
  --sentences "$data/emotion_extra/goemotions_dev.tsv.gz" --output "$output/scores"
