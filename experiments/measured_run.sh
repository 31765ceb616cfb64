# Sourced by scripts that compare trained models: `measured_run` trains a model, evaluates it and
# records its metrics. It takes $python, $dataset (for training), $corpus (the output of corpus.sh, for
# the evaluation), $output and $results.

. "$(dirname "${BASH_SOURCE[0]}")/recipe.sh"
mkdir -p "$output" "$results"
searches=${SEARCHES:-$output/searches.toml}
# Greedy search, and beam search as the paper uses it.
[ -n "${SEARCHES:-}" ] || cat > "$searches" << TOML
[greedy]

["beam 20"]
decoder = "beam"
TOML

measured_run() { # name of the run (a variant and a seed, such as ecm-0), then flags of ecm_tf.train
  local run=$1 test part parts=() judged
  shift
  [ -f "$results/$run.json" ] && return
  printf '\n== %s\n' "$run"
  # Trains no further if the run is finished.
  "$python" -m experiments.measured "$python" -m ecm_tf.train \
    --dataset "$dataset" --train_dir "$output/$run" "${sizes[@]}" "${optimizer[@]}" \
    --ema_momentum 0.999 --epochs 4 --seed "${run##*-}" "$@" ${TRAIN_FLAGS:-}
  for test in "$corpus"/dataset-test-*; do
    part=${test#"$corpus"/dataset-test-}
    # Replies are judged on the posts of the first part.
    judged=()
    [ ${#parts[@]} -gt 0 ] || judged=(
      --judge "$corpus/classifier" "$corpus/naive_bayes" "$corpus/independent"
      --posts 300 --searches "$searches"
    )
    parts+=("$output/$run-$part")
    [ -f "$output/$run-$part/metrics.json" ] && continue
    "$python" -m experiments.measured "$python" -m ecm_tf.evaluate --train_dir "$output/$run" \
      --dataset "$test" --output "$output/$run-$part" "${judged[@]}" ${EVALUATE_FLAGS:-}
  done
  "$python" -m experiments.metrics record "$output/$run" "$results/$run.json" "${parts[@]}"
}
