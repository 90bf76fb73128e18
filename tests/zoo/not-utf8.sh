# Writes bytes that are not UTF-8, then answers.
read -r line
printf '\377\376\n{"jsonrpc":"2.0","id":"k1","result":{}}\n'
read -r line
