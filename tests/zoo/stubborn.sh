# Ignores the end of its input and the signal TERM.
trap '' TERM
sleep 1000
sleep 1000
