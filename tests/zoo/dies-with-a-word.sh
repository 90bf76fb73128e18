# Reads one request and exits, with its last words on stderr.
read -r line
echo "config file not found" >&2
exit 3
