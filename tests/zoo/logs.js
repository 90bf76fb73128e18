# A program that says on stdout what it does, under a name that a Node script would have.
echo "listening on 8080"
cat >/dev/null
