# Sourced by scripts that resume: `step` runs a data_prep command unless its output exists.
# It takes the interpreter from $python.

step() { # the step's output, then the arguments of data_prep
  local made=$1
  shift
  [ -e "$made" ] && return
  printf '\n== data_prep %s\n' "${*:1:2}"
  "$python" -m experiments.measured "$python" -m data_prep "$@"
}
