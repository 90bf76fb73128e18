# Fills its sandbox with files of 60 MB.
i=0
while [ $i -lt 8 ]; do
  head -c 60000000 /dev/zero > "$HOME/hoard-$i"
  i=$((i + 1))
done
exec sleep 1000
