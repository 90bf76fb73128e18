# Exits at once and leaves a child that holds its pipes open.
sleep 1000 &
exit 0
