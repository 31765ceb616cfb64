#!/usr/bin/env bash
# Emotion classifiers judged on sources that they were not trained on.
#
#   experiments/leave_one_out.sh DATA OUTPUT NAME [FLAG…]
#
# DATA holds the files that experiments/emotion_sources/*.toml name. For each source, a classifier is
# trained on the other sources with the flags of `data_prep classifier train`, and evaluated on all
# sentences of that source: OUTPUT/NAME/SOURCE and OUTPUT/NAME/SOURCE-scores. OUTPUT/NAME/all is trained
# on all sources. The script resumes an interrupted run; `python -m experiments.leave_one_out OUTPUT`
# prints the table of all names.
set -euo pipefail
data=$1 output=$2/$3
shift 3
python=${PYTHON:-.venv/bin/python}
here=$(dirname "$0")/emotion_sources
mkdir -p "$output"

train() { # classifier directory, then the sources
  local made=$1
  shift
  [ -e "$made" ] && return
  printf '\n== %s\n' "$made"
  "$python" -m data_prep classifier train --sentences "$@" --data "$data" --output "$made" "${flags[@]}"
}

flags=("$@")
for left_out in "$here"/*.toml; do
  name=$(basename "$left_out" .toml)
  others=()
  for source in "$here"/*.toml; do
    [ "$source" = "$left_out" ] || others+=("$source")
  done
  train "$output/$name" "${others[@]}"
  [ -e "$output/$name-scores/scores.json" ] ||
    "$python" -m data_prep classifier evaluate --classifier "$output/$name" --part all \
      --sentences "$left_out" --data "$data" --output "$output/$name-scores"
done
train "$output/all" "$here"/*.toml
[ -e "$output/all-scores/scores.json" ] ||
  "$python" -m data_prep classifier evaluate --classifier "$output/all" --part test \
    --sentences "$here/emotion_sentences.toml" --data "$data" --output "$output/all-scores"
