# Writes messages without end.
yes '{"jsonrpc":"2.0","id":1,"method":"event","params":{}}'
