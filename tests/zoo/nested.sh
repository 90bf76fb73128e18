# Answers with 100,000 arrays within one another.
read -r line
printf '{"jsonrpc":"2.0","id":"k1","result":'
head -c 100000 /dev/zero | tr '\0' '['
head -c 100000 /dev/zero | tr '\0' ']'
printf '}\n'
read -r line
