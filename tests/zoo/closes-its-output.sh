# Closes its own stdout and stays.
exec 1>&-
while read -r line; do :; done
