# Closes its own stdin, says so, and stays.
exec 0<&-
printf '{"jsonrpc":"2.0","id":1,"method":"event","params":{}}\n'
exec sleep 1000
