#!/usr/bin/env bash
# Emotion classifiers judged on sources that they were not trained on.
#
#   experiments/leave_one_out.sh DATA OUTPUT NAME [FLAG…]
#
# DATA holds the files that experiments/emotion_sources/zh/*.toml name. For each source, a classifier is
# trained on the other sources with the flags of `data_prep classifier train`, and evaluated on all
# sentences of that source: OUTPUT/NAME/SOURCE and OUTPUT/NAME/SOURCE-scores. OUTPUT/NAME/all is trained
# on all sources, and evaluated on the test part of emotion_sentences. The environment variable ONLY
# names a source: a single classifier is then trained on that source (OUTPUT/NAME/all), and evaluated
# on the others and on its own test part. LEFT_OUT names the sources to leave out, instead of
# all, and then no classifier of all sources is trained. The script resumes an interrupted run;
# `python -m experiments.leave_one_out OUTPUT` prints the table of all names.
set -euo pipefail
data=$1 output=$2/$3
shift 3
flags=("$@")
python=${PYTHON:-.venv/bin/python}
here=$(dirname "$0")/emotion_sources/zh
mkdir -p "$output"

train() { # classifier directory, then the sources
  local made=$1
  shift
  [ -e "$made" ] && return
  printf '\n== %s\n' "$made"
  "$python" -m experiments.measured "$python" -m data_prep classifier train \
    --sentences "$@" --data "$data" --output "$made" "${flags[@]}"
}

evaluate() { # classifier directory, source, its split, directory of the scores
  [ -e "$4/scores.json" ] && return
  "$python" -m data_prep classifier evaluate --classifier "$1" \
    --sentences "$2" --data "$data" --split "$3" --output "$4"
}

if [ -z "${LEFT_OUT:-}" ]; then
  train "$output/all" "$here"/${ONLY:-*}.toml
  evaluate "$output/all" "$here/${ONLY:-emotion_sentences}.toml" test "$output/all-scores"
fi
for left_out in "$here"/*.toml; do
  name=$(basename "$left_out" .toml)
  [[ " ${LEFT_OUT:-$name} " == *" $name "* ]] || continue
  classifier=$output/all
  [ "$name" = "${ONLY:-}" ] && continue
  if [ -z "${ONLY:-}" ]; then
    classifier=$output/$name
    others=()
    for source in "$here"/*.toml; do
      [ "$source" = "$left_out" ] || others+=("$source")
    done
    train "$classifier" "${others[@]}"
  fi
  evaluate "$classifier" "$left_out" all "$output/$name-scores"
done
