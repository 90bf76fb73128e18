# Leaves three processes behind: in a session of its own, there without an environment, and there without a trace.
setsid sleep 1001 &
env -i setsid sleep 1002 &
(cd / && exec env -i setsid sleep 1003) &
while read -r line; do
  id=${line#*\"id\":\"}
  printf '{"jsonrpc":"2.0","id":"%s","result":{}}\n' "${id%%\"*}"
done
