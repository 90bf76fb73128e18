# Never reads, never answers, and does not notice the end of its input.
exec sleep 1000
