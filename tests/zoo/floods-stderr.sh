# Writes 60 MB to stderr before it answers.
yes "a line of a log that nobody asked for" | head -c 60000000 >&2
echo "the end of the log" >&2
while read -r line; do
  id=${line#*\"id\":\"}
  printf '{"jsonrpc":"2.0","id":"%s","result":{}}\n' "${id%%\"*}"
done
