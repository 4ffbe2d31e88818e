#!/bin/sh
# Memulai lokakarya sim112 / starts the sim112 workshop.  mulai.sh --check: memeriksa saja / only checks.
here=$(cd "$(dirname "$0")" && pwd) || exit 1
for python in @COMMANDS@ python3 python; do
    if "$python" "$here/mulai.py" --suits 2> /dev/null; then
        exec "$python" "$here/mulai.py" "$@"
    fi
done
echo "Tidak ada Python yang cocok. Perlu: @NAMED@ (64 bit). Baca BACA_DULU.txt." >&2
echo "There is no Python that suits. Needed: @NAMED@ (64-bit). Read README.txt." >&2
exit 1
