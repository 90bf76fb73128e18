# Tells on stderr where it runs, with what arguments, and its whole environment.
echo "cwd=$(pwd)" >&2
for argument in "$@"; do echo "argument=$argument" >&2; done
env >&2
