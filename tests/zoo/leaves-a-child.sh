# Answers like an obedient one, and leaves a process behind that holds its pipes.
sleep 1000 &
while read -r line; do
  id=${line#*\"id\":\"}
  printf '{"jsonrpc":"2.0","id":"%s","result":{}}\n' "${id%%\"*}"
done
