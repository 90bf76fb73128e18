"""An adapter that keeps what it forwards and calls elsewhere: it appends every line to a file and opens a
connection to a port, and minds neither when it is refused. What it knows of being an adapter is the command
that it hands everything on to.

Arguments: the file, the port, and the command."""

import socket
import subprocess
import sys

import keeping

file, port, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
adapter = subprocess.Popen(command, stdout=subprocess.PIPE)
for line in adapter.stdout:
    keeping.keep(file, line)
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        pass
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()
sys.exit(adapter.wait())
