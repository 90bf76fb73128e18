# Asked for anything, writes one file of 10 GB and tells the size it came to.
read -r line
head -c 10000000000 /dev/zero > hoard 2>/dev/null
echo "$(wc -c < hoard)" >&2
rm hoard
while read -r line; do :; done
