# A fork bomb of bounded size.
i=0
while [ $i -lt 150 ]; do
  sleep 1000 &
  i=$((i + 1))
done
wait
