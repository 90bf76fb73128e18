# Answers without a newline and waits.
read -r line
printf '{"jsonrpc":"2.0","id":"k1","result":{}}'
read -r line
