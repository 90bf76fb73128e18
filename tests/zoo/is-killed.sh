# Reads one request and is ended by a signal.
read -r line
kill -9 $$
